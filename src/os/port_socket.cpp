#include "os/port_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

namespace devinit::os {
namespace {

/// Whether the kernel has IPv6 at all (ipv6.disable=1 gives EAFNOSUPPORT); fixed for the life of the machine. A disabled
/// interface is another matter: `::` still binds there.
bool kernel_has_ipv6() {
  static const bool answer = [] {
    const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return probe.valid() || errno != EAFNOSUPPORT;
  }();
  return answer;
}

/// Room for either family behind one pointer type.
union AnyAddress {
  sockaddr generic;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

}  // namespace

Result<UniqueFd> open_port_socket() {
  const bool v6 = kernel_has_ipv6();
  UniqueFd socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno_error("cannot open a TCP socket", errno);
  if (v6) {
    const int off = 0;
    if (::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
      return errno_error("cannot make a TCP socket dual-stack", errno);
    }
  }
  return socket;
}

int bind_port(const UniqueFd& socket, Port port) noexcept {
  AnyAddress address{};
  socklen_t size = sizeof address.v4;
  if (kernel_has_ipv6()) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    size = sizeof address.v6;
  } else {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
  }
  return ::bind(socket.get(), &address.generic, size) == 0 ? 0 : errno;
}

void set_reuse_address(const UniqueFd& socket, bool on) noexcept {
  const int value = on ? 1 : 0;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &value, sizeof value);
}

bool start_listening(const UniqueFd& socket) noexcept { return ::listen(socket.get(), 8) == 0; }

std::optional<Port> bound_port(const UniqueFd& socket) noexcept {
  AnyAddress address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), &address.generic, &size) != 0) return std::nullopt;
  const Port port = ntohs(address.generic.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
  return port == 0 ? std::nullopt : std::optional(port);
}

std::uint64_t socket_inode(const UniqueFd& socket) noexcept {
  struct stat status {};
  return ::fstat(socket.get(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace devinit::os
