#pragma once

#include "cli/commands/commands.hpp"

namespace devinit::cli {

/// `devinit scaffold check ROOT`: exit code 3 when something is wrong.
[[nodiscard]] Result<int> check_apps(const Context& context);
/// `devinit scaffold fix ROOT|APP [--dry-run]`: exit code 3 when something is left that has to be mended by hand, 1 when
/// something could not be written.
[[nodiscard]] Result<int> fix_apps(const Context& context);

}  // namespace devinit::cli
