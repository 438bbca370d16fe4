#include "os/fd.hpp"

#include <unistd.h>

#include <cerrno>

namespace devinit::os {

void UniqueFd::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  if (old < 0 || old == fd) return;
  // Destructors run between a failing call and the code that reads errno. EINTR is no reason to repeat: Linux has closed the
  // descriptor by then, and its number may already belong to somebody else.
  const int saved = errno;
  ::close(old);
  errno = saved;
}

}  // namespace devinit::os
