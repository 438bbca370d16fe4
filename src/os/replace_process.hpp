#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "os/process.hpp"

namespace devinit::os {

/// Becomes another program (execve(2)): same process, terminal, folder and standard streams; `argv[0]` is looked up in PATH of `environment`.
/// Signals that were blocked or ignored are as they are by default, as in children of `spawn`. Returns only when that failed: Errc::not_found when there is
/// no such command, nor an interpreter for it; Errc::io otherwise. A text file without "#!" is run by /bin/sh.
[[nodiscard]] Error replace_process(const std::vector<std::string>& argv, const Environment& environment);

}  // namespace devinit::os
