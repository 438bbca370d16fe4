#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/probe_spec.hpp"

namespace devinit::config {

enum class StopTarget { leader, group, tree };
struct StopSpec {
  int signal = 15;
  Millis grace{5000};
  StopTarget to = StopTarget::group;
  std::optional<Command> command;    ///< runs instead of the signal; the signal follows when it ends and something is left
  bool operator==(const StopSpec&) const = default;
};

enum class RestartPolicy { on_failure, always, never };
struct RestartSpec {
  RestartPolicy policy = RestartPolicy::on_failure;
  int max = 5;                  ///< failures in a row, then Failed
  std::vector<int> never_on;    ///< exit codes that must not restart
  bool operator==(const RestartSpec&) const = default;
};

struct LogSpec {
  std::uint64_t max_size = 10ULL << 20;
  int keep = 5;
  bool operator==(const LogSpec&) const = default;
};

/// How to make a fresh clone runnable: decided by the preset, run by the CLI.
struct PrepareSpec {
  bool needed = false;
  std::string missing;   ///< "node_modules", ".venv": what was looked for in `cwd`
  std::string command;   ///< "npm ci", "uv sync", …; runs by `sh -c` in the service's cwd
  bool operator==(const PrepareSpec&) const { return true; }  ///< what is there changes without an edit of the configuration
};

/// Files whose change does something to a running service.
struct WatchSpec {
  enum class Action { restart, signal, task };
  std::vector<std::string> paths;   ///< relative to the root: folders (with all below) and files
  std::vector<std::string> ignore;  ///< globs beside those of .gitignore: relative to the root, `**` crosses folders
  Millis debounce{100};             ///< after the last change
  Action action = Action::restart;
  int signal = 0;                   ///< Action::signal: to the first process
  std::string task;                 ///< Action::task: is run
  bool cascade = false;             ///< Action::restart: dependents, too
  bool operator==(const WatchSpec&) const = default;
};

/// Commands for `sh -c` in the service's folder and environment; empty: none. Their output goes to the service's log.
struct HooksSpec {
  std::string before_start;  ///< before each spawn; one that fails is a failed start
  std::string after_ready;   ///< one that fails is told, nothing else
  std::string before_stop;   ///< before the stop signal, within the grace
  std::string after_exit;    ///< when nothing of it runs any more, however it ended
  bool operator==(const HooksSpec&) const = default;
};

/// What a service may take. Nothing: as much as there is.
struct LimitsSpec {
  std::optional<std::uint64_t> memory;  ///< bytes, of the whole tree
  std::optional<double> cpu;            ///< cores, of the whole tree
  std::optional<std::uint64_t> nofile, nproc, core, fsize, stack, as;  ///< setrlimit(2): of each process, soft and hard; bytes or a number
  std::optional<int> nice;              ///< -20 to 19
  std::optional<int> umask;             ///< 0 to 0777
  bool operator==(const LimitsSpec&) const = default;
};

enum class SocketPassing {
  none,
  inherit,  ///< the listening socket of its main port is passed as descriptor 3 (LISTEN_FDS) and outlives its restarts
};

}  // namespace devinit::config
