#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "os/process.hpp"

namespace devinit::ports {

/// Whether the built-in never list names this program, as a clause: "it is sshd, which keeps remote logins alive". Judged
/// by the kernel's name for the process, by its executable and by argv[0].
[[nodiscard]] std::optional<std::string> never_list_reason(const os::ProcessInfo& process);

}  // namespace devinit::ports
