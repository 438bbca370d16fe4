#pragma once

#include "base/error.hpp"

namespace devinit::cli {

/// The exit code of a command that could not be run, as shells have it: 127 when there is no such command, else 126.
[[nodiscard]] constexpr int exit_code_of_missing_command(Errc code) noexcept { return code == Errc::not_found ? 127 : 126; }

}  // namespace devinit::cli
