#include "os/record_channel.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace devinit::os {

Result<std::pair<UniqueFd, UniqueFd>> make_record_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return errno_error("cannot make a socket pair", errno);
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

bool send_record(int fd, const void* record, std::size_t size) noexcept {
  return ::send(fd, record, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

Received receive_record(int fd, void* record, std::size_t size) noexcept {
  ssize_t got = ::recv(fd, record, size, MSG_DONTWAIT);
  // A peer that ended with something unread resets the connection; that is reported once, ahead of what it had sent.
  if (got < 0 && errno == ECONNRESET) got = ::recv(fd, record, size, MSG_DONTWAIT);
  if (got == static_cast<ssize_t>(size)) return Received::record;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Received::nothing;
  return Received::closed;
}

}  // namespace devinit::os
