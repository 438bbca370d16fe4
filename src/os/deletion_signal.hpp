#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// From now on and as long as the returned descriptor is open, this process gets SIGIO when a name disappears from `directory` (deleted or
/// moved away), and for nothing else, so that a busy folder wakes nobody. The caller handles SIGIO before.
///
/// This is dnotify (fcntl(2), F_NOTIFY), not inotify: closing an inotify instance waits for an RCU grace period (5 to 20 ms measured),
/// which would be the longest part of a `stop`.
[[nodiscard]] Result<UniqueFd> signal_deletions(const std::string& directory);

}  // namespace devinit::os
