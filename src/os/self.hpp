#pragma once

#include <sys/types.h>

namespace devinit::os {

/// Who is asking: for the rules above this layer, which include no system headers.
[[nodiscard]] pid_t own_pid() noexcept;
/// The effective user id.
[[nodiscard]] uid_t own_uid() noexcept;

}  // namespace devinit::os
