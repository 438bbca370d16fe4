#pragma once

#include "base/result.hpp"

namespace devinit::os {

/// Accepts the next waiting connection of a non-blocking listening unix socket, without ever blocking; the descriptor is
/// non-blocking and close-on-exec from its first moment, and the caller owns it. -1 when nobody waits any more. A peer of
/// another user (SO_PEERCRED: who connected, whatever happened to its process since) is turned away here, before a byte of it
/// is read. Errc::io when the system is short of descriptors or memory: try again later.
[[nodiscard]] Result<int> accept_own_user(int listening_fd);

}  // namespace devinit::os
