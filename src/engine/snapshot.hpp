#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/port.hpp"

namespace devinit::engine {

/// The state of one service, as `status --json` names it (documented contract, docs/configuration.md).
enum class State { stopped, waiting, claiming, starting, ready, backing_off, failed, stopping };

/// Nothing of it runs or is about to.
[[nodiscard]] constexpr bool is_down(State state) noexcept { return state == State::stopped || state == State::failed; }
[[nodiscard]] const char* to_string(State state) noexcept;
[[nodiscard]] std::optional<State> state_from_string(std::string_view text) noexcept;

/// Why a service failed, for programs; words for people stand beside it.
enum class FailureCode {
  other,
  command_not_found,  ///< it could not be executed: there is no such file, or its interpreter is missing
  command_denied,     ///< it could not be executed for any other reason
  wrong_port,         ///< it listens on another port, and may not
};
/// "other", "command_not_found" …
[[nodiscard]] const char* to_string(FailureCode code) noexcept;
/// FailureCode::other for a name that only a newer peer knows.
[[nodiscard]] FailureCode failure_code_from_string(std::string_view text) noexcept;

/// What the outside sees of one service at one moment.
struct ServiceSnapshot {
  std::string name;
  State state = State::stopped;
  bool ready = false;
  bool wanted = false;      ///< started and not stopped since
  bool external = false;    ///< run by others (`kind: external`, a passive key of .ports.json): shown, never touched
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
};

struct ProjectSnapshot {
  std::string project;
  std::string root;
  bool supervisor_running = false;
  std::optional<pid_t> supervisor_pid;
  std::vector<ServiceSnapshot> services;
};

}  // namespace devinit::engine
