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
/// The second of these ways. A file that is there already is used only when it is ours, written by nobody else, and has the
/// image's content; any other one is replaced, a symbolic link not followed.
[[nodiscard]] Result<UniqueFd> open_program_file(std::string_view image, const std::string& name, const std::string& directory);

}  // namespace devinit::os
