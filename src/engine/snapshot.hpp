#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/port.hpp"
#include "config/service_config.hpp"

namespace devinit::engine {

/// The state of one service, as `status --json` names it (documented contract, docs/configuration.md).
enum class State {
  stopped, waiting, claiming, starting, ready, backing_off, failed, stopping,
  running,    ///< a task, or a run of a scheduled service, at work
  completed,  ///< a task that has ended well
  scheduled,  ///< between two runs of a scheduled service
};

/// Nothing of it runs or is about to.
[[nodiscard]] constexpr bool is_down(State state) noexcept {
  return state == State::stopped || state == State::failed || state == State::completed;
}
[[nodiscard]] const char* to_string(State state) noexcept;
[[nodiscard]] std::optional<State> state_from_string(std::string_view text) noexcept;

/// Why a service failed, for programs; words for people stand beside it.
enum class FailureCode {
  other,
  command_not_found,  ///< it could not be executed: there is no such file, or its interpreter is missing
  command_denied,     ///< it could not be executed for any other reason
  wrong_port,         ///< it listens on another port, and may not
  hook_failed,        ///< its `before_start` hook ended with another code than 0
  dependency,         ///< one that it depends on was not to be had
  out_of_memory,      ///< ended by the kernel, or by its own memory limit
};
/// "other", "command_not_found" …
[[nodiscard]] const char* to_string(FailureCode code) noexcept;
/// FailureCode::other for a name that only a newer peer knows.
[[nodiscard]] FailureCode failure_code_from_string(std::string_view text) noexcept;

/// When the steps of the last start of a service happened: wall clock, milliseconds; 0: not yet, or not in this start.
struct Timeline {
  std::int64_t wanted = 0;   ///< a command, a crash or its schedule asked for it
  std::int64_t waiting = 0;  ///< its ports were claimed; it waits for others from here on
  std::int64_t spawned = 0;
  std::int64_t ready = 0;    ///< of a task: completed
  bool operator==(const Timeline&) const = default;
};

/// What the outside sees of one service at one moment.
struct ServiceSnapshot {
  std::string name;
  State state = State::stopped;
  bool ready = false;
  bool wanted = false;      ///< started and not stopped since
  bool external = false;    ///< run by others (`kind: external`, a passive key of .ports.json): shown, never touched
  config::ServiceKind kind = config::ServiceKind::service;
  std::optional<pid_t> pid; ///< the service's first process
  std::optional<Port> port;
  std::vector<std::pair<std::string, Port>> ports;  ///< further named ports
  std::string port_source;  ///< "devinit.json", "hand-set in .ports.json", "default", "remembered", "fallback", "adopted"
  std::string url;
  int restarts = 0;
  std::int64_t since = 0;   ///< wall clock seconds of the last change of state; 0: never
  std::optional<int> exit_code;  ///< of its last run, when that ended by itself: 0 to 255, 128 + N for signal N
  std::string detail;       ///< why it is so, for people; may be empty
  bool stale = false;       ///< runs with an outdated port of another service
  bool healthy = true;      ///< what its liveness probe last found; true without one
  int flaps = 0;            ///< how often it became unhealthy since it was started by hand
  std::string status;       ///< what it says of itself (STATUS= of sd_notify(3)); may be empty
  Timeline timeline;
  std::int64_t next_run = 0;   ///< scheduled: wall clock seconds
  std::string fingerprint;     ///< of the configuration it was started with (config/fingerprint.hpp)
  bool changed = false;        ///< its configuration has been edited since; filled in by who shows it
};

struct ProjectSnapshot {
  std::string project;
  std::string root;
  bool supervisor_running = false;
  std::optional<pid_t> supervisor_pid;
  std::vector<ServiceSnapshot> services;
};

}  // namespace devinit::engine
