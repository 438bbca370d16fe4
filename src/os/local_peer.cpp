// Asio accepts without close-on-exec and does not know who its peer is.
#include "os/local_peer.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace devinit::os {
namespace {

bool is_own_user(int fd) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

bool is_transient(int error) noexcept { return error == EINTR || error == ECONNABORTED || error == EPROTO; }

}  // namespace

Result<int> accept_own_user(int listening_fd) {
  for (;;) {
    const int fd = ::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      if (is_own_user(fd)) return fd;
      ::close(fd);
    } else if (errno == EAGAIN) {
      return -1;
    } else if (!is_transient(errno)) {
      return errno_error("cannot accept a connection", errno);
    }
  }
}

}  // namespace devinit::os
