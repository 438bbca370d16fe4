#include "os/datagram_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace devinit::os {

Result<UniqueFd> bind_abstract_datagrams(const std::string& name) {
  sockaddr_un address{};
  if (name.empty() || name.size() >= sizeof address.sun_path) return Error(Errc::io, "the name of an abstract socket has 1 to 107 bytes: " + name);
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error("cannot make a datagram socket", errno);
  // Before the bind: no sender may come in between without the kernel's word for who it is.
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return errno_error("cannot learn who sends datagrams", errno);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  if (errno == EADDRINUSE) return Error(Errc::busy, "the name " + name + " is taken");
  return errno_error("cannot bind the name " + name, errno);
}

std::optional<Datagram> receive_datagram(int fd, char* buffer, std::size_t size) noexcept {
  iovec part{buffer, size};
  // Room for the credentials, which come first, and nothing else: the kernel closes the descriptors that do not fit.
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t received = 0;
  do {
    received = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return std::nullopt;
  Datagram datagram;
  datagram.size = static_cast<std::size_t>(received);
  datagram.cut = (message.msg_flags & MSG_TRUNC) != 0;
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS) {
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
    datagram.sender = sender.pid;
    datagram.user = sender.uid;
  }
  return datagram;
}

}  // namespace devinit::os
