#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/port_spec.hpp"
#include "config/probe_spec.hpp"
#include "config/service_specs.hpp"

namespace devinit::config {

enum class ServiceKind {
  service,    ///< runs until it is stopped; its end is a failure
  task,       ///< runs to its end; exit code 0 is success
  scheduled,  ///< a task that runs again and again at its times
  external,   ///< run by others: checked, never touched
};

/// "service", "task", "scheduled", "external".
[[nodiscard]] const char* to_string(ServiceKind kind) noexcept;
[[nodiscard]] std::optional<ServiceKind> service_kind_from_string(std::string_view text) noexcept;

/// When a service may start with regard to another one.
enum class DependencyCondition { started, ready, completed, completed_successfully };
/// "started", "ready", "completed", "completed_successfully".
[[nodiscard]] const char* to_string(DependencyCondition condition) noexcept;
struct Dependency {
  std::string service;
  DependencyCondition condition = DependencyCondition::ready;
  bool operator==(const Dependency&) const = default;
};
/// What a running service does when one that it depends on is lost: crashed, failed or stopped by somebody.
enum class DependencyLoss {
  keep,
  restart,  ///< once the dependency is back
  stop,
};

/// When a task has something to do.
enum class TaskRun {
  each,  ///< at each start
  once,  ///< per checkout; again when its command or its `inputs` change, or when it failed
};

/// When a scheduled service runs. Exactly one of the two.
struct ScheduleSpec {
  std::optional<Millis> every;  ///< from start to start; a run that takes longer is not overtaken
  std::string cron;             ///< five fields, local time; validated (config/cron.hpp)
  bool operator==(const ScheduleSpec&) const = default;
};

struct ServiceConfig {
  std::string name;
  ServiceKind kind = ServiceKind::service;
  Command command;                          ///< templates not yet filled; empty for external
  std::string cwd;                          ///< relative to the root, "" = the root
  std::optional<PortSpec> port;             ///< nothing: a worker without a port
  std::vector<std::pair<std::string, PortSpec>> ports;  ///< further named ports, in order
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> env_files;       ///< relative to the root
  ProbeSpec ready;
  std::optional<LiveSpec> live;
  StopSpec stop;
  RestartSpec restart;
  LogSpec log;
  std::vector<Dependency> depends_on;       ///< in file order; no cycle, no name twice
  DependencyLoss on_dependency_loss = DependencyLoss::keep;
  TaskRun run = TaskRun::each;              ///< tasks only
  std::vector<std::string> inputs;          ///< globs relative to the root, for TaskRun::once
  std::optional<ScheduleSpec> schedule;     ///< scheduled only, and there always
  std::optional<WatchSpec> watch;
  HooksSpec hooks;
  LimitsSpec limits;
  SocketPassing socket = SocketPassing::none;
  std::string replica_of;                   ///< the name in the file that this is one of several of; empty: there is only this one
  int index = 0;                            ///< among its replicas: {index}
  std::string preset;                       ///< name of the preset that filled it, or empty
  PrepareSpec prepare;
  bool disabled = false;
  int input_of = 0;                         ///< its stdin is that of this process; 0: it has none, but a pipe that never ends

  bool operator==(const ServiceConfig&) const = default;
  /// Its end is expected: a task, or a run of a scheduled service.
  [[nodiscard]] bool runs_to_end() const noexcept { return kind == ServiceKind::task || kind == ServiceKind::scheduled; }
};

}  // namespace devinit::config
