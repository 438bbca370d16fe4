#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "cli/registry_arguments.hpp"

namespace CLI {
class App;
}

namespace devinit::cli {

using Words = std::vector<std::string>;

/// The command line of `ports`, `scaffold` and `run` as it was typed: nothing is checked, and numbers are text because CLI11 reads 010 as 8.
/// An option that was not given is nothing; one that was given empty is an empty text.
struct RegistryWords {
  using Text = std::optional<std::string>;
  std::optional<PortsCommand> ports;        ///< nothing: no subcommand was named
  std::optional<ScaffoldCommand> scaffold;  ///< nothing: `scaffold TEMPLATE DEST`

  Text model, app, batch, pool, kind, role, project, reserved_for, range, port, file;  // of `ports`; the first two of `scaffold`, too
  Text template_name, path;                                                            // of `scaffold`
  Text name, host;                                                                     // of `run`, which has `port` and `range`, too
  Words roles;
  Words set;
  Words command;
  bool env = false, no_probe = false, live = false, all_hosts = false, fix = false;
  bool dry_run = false, overwrite = false, strict = false;
};

/// Adds the subcommands and options of `devinit ports` to `app`; of the subcommands only the one that `asked` names, or all of them when
/// it names none: building what nobody asked for would be most of the work of a `ports get`. What is parsed goes into `words`, which must
/// outlive the parse.
void add_ports_command(CLI::App& app, const std::string& asked, RegistryWords& words);
/// The same for `devinit scaffold`, where a first word that is no subcommand is a template. `behind` are the words behind `scaffold`, `outer`
/// the app that it belongs to.
void add_scaffold_command(CLI::App& app, const CLI::App& outer, const Words& behind, RegistryWords& words);
/// The options of `devinit run`. Its command is not for the parser: see `cut_run_command`.
void add_run_command(CLI::App& app, RegistryWords& words);

/// Takes the command of a `devinit run` off `line`: what is behind the first `--`, else from the first word that is no option on. `from`
/// is the index behind `run`, `outer` and `run` know which options have a value.
[[nodiscard]] Words cut_run_command(Words& line, std::size_t from, const CLI::App& outer, const CLI::App& run);

/// The index of the first word from `from` on that is neither an option nor the value of one of `apps`, or that is `--`; `line.size()` when
/// there is none.
[[nodiscard]] std::size_t first_plain_word(const Words& line, std::size_t from, std::initializer_list<const CLI::App*> apps);

}  // namespace devinit::cli
