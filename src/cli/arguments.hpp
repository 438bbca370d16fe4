#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "cli/registry_arguments.hpp"
#include "cli/supervision_arguments.hpp"
#include "config/project_config.hpp"
#include "os/process.hpp"

namespace devinit::cli {

enum class Command {
  start, stop, restart, reload, up, wait, status, graph, logs, exec, test, init, kill, version, ports, scaffold, run, lease
};

/// The command line as data: everything checked, nothing done.
struct Arguments {
  Command command = Command::status;
  std::string directory;  ///< -C/--project; empty: the current folder
  bool json = false;
  bool quiet = false;  ///< -q/--quiet or QUIET
  bool no_color = false;
  bool yes = false;         ///< -y/--yes
  bool force = false;       ///< --force
  bool force_mode = false;  ///< FORCE_MODE
  bool install = false;
  std::optional<config::ConflictRule> on_conflict;
  std::vector<std::string> targets;  ///< services as they were typed (exec: at most one); empty, and no profile: all
  std::size_t lines = 100;           ///< logs -n
  bool follow = false;               ///< logs -f
  Port port = 0;                     ///< kill
  std::string registry;              ///< --registry; empty: not said
  PortsArguments ports;
  ScaffoldArguments scaffold;
  RunArguments run;
  SupervisionArguments supervision;
  std::vector<std::string> words;  ///< lease: everything behind it
};

/// `--help` was asked for.
struct HelpText {
  std::string text;
};

/// Reads `words` (without the program's name) and the variables QUIET and FORCE_MODE. Errc::usage with a suggestion as hint for
/// anything unknown. Global options are accepted before and after the command.
[[nodiscard]] Result<std::variant<Arguments, HelpText>> parse_arguments(const std::vector<std::string>& words,
                                                                        const os::Environment& environment);

/// 1/true/yes → true; 0/false/no/empty → false, in any case; anything else is nothing.
[[nodiscard]] std::optional<bool> parse_truth(std::string_view text);

}  // namespace devinit::cli
