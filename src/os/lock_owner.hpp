#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace devinit::os {

/// A process other than this one that has a write lock (fcntl(2), of a process) on a file, as /proc/locks tells. Nothing when there is none, or
/// when it is in another pid namespace.
[[nodiscard]] std::optional<pid_t> write_lock_owner(const std::string& path);

/// A process other than this one that has an open-file-description lock on a file (see FileLock). /proc/locks shows no process for those; the
/// descriptor's own /proc/PID/fdinfo/FD does. Nothing when there is none, or when it is hidden from us (another user's, another pid namespace).
[[nodiscard]] std::optional<pid_t> description_lock_owner(const std::string& path);

}  // namespace devinit::os
