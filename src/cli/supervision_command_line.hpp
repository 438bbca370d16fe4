#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"

namespace CLI {
class App;
}

namespace devinit::cli {

/// `exec` and `test`: what they run is not for the parser (see `cut_run_command`).
[[nodiscard]] constexpr bool takes_command(Command command) noexcept { return command == Command::exec || command == Command::test; }

/// Adds the services and options of `command` to `app`. What is parsed goes into `targets` and `words`, which must outlive the parse.
void add_supervision_options(CLI::App& app, Command command, std::vector<std::string>& targets, SupervisionWords& words);

}  // namespace devinit::cli
