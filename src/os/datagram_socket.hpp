#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// A unix datagram socket with an abstract name (given without the leading NUL) that learns from the kernel who sends: gone with its holder,
/// scoped to the network namespace, non-blocking. Errc::busy when the name is taken.
[[nodiscard]] Result<UniqueFd> bind_abstract_datagrams(const std::string& name);

/// What arrived, and from whom (SCM_CREDENTIALS). A sender in a pid namespace that we cannot see has pid 0.
struct Datagram {
  std::size_t size = 0;   ///< of what is in the buffer now
  bool cut = false;       ///< it was larger than the buffer
  pid_t sender = 0;
  uid_t user = static_cast<uid_t>(-1);
};
/// Takes the next datagram off the queue; nothing when there is none. Descriptors that come with it are closed.
[[nodiscard]] std::optional<Datagram> receive_datagram(int fd, char* buffer, std::size_t size) noexcept;

}  // namespace devinit::os
