#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// A program held in memory as an executable descriptor for `SpawnRequest::executable`: a memfd. Where the kernel forbids to execute one
/// (vm.memfd_noexec=2, a noexec policy), a 0700 file named after the content's hash in `directory`, opened. `name` is neutral: it
/// appears in the process list. Close-on-exec.
[[nodiscard]] Result<UniqueFd> open_program_image(std::string_view image, const std::string& name, const std::string& directory);

}  // namespace devinit::os
