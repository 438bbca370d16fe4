#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace devinit::os {

/// A process other than this one that has a write lock (fcntl(2), of a process) on a file, as /proc/locks tells. Nothing when there is none, or
/// when it is in another pid namespace.
[[nodiscard]] std::optional<pid_t> write_lock_owner(const std::string& path);

}  // namespace devinit::os
