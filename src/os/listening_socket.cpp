#include "os/listening_socket.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace devinit::os {
namespace {

constexpr int kBacklog = 4096;

/// Room for either family behind one pointer type.
union AnyAddress {
  sockaddr generic;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct Place {
  AnyAddress address{};
  socklen_t size = 0;
};

Result<Place> place_of(const std::string& host, Port port) {
  Place place;
  if (::inet_pton(AF_INET6, host.c_str(), &place.address.v6.sin6_addr) == 1) {
    place.address.v6.sin6_family = AF_INET6;
    place.address.v6.sin6_port = htons(port);
    place.size = sizeof place.address.v6;
    return place;
  }
  place.address = {};
  if (::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &place.address.v4.sin_addr) != 1) {
    return Error(Errc::usage, "`" + host + "` is no address to listen on");
  }
  place.address.v4.sin_family = AF_INET;
  place.address.v4.sin_port = htons(port);
  place.size = sizeof place.address.v4;
  return place;
}

Error refusal(const std::string& host, Port port, int error) {
  Error report = errno_error("cannot listen on port " + std::to_string(port) + " of " + host, error);
  if (error == EADDRINUSE) report.code = Errc::busy;
  if (error == EACCES) report.code = Errc::privileged;
  return report;
}

bool switch_option(const UniqueFd& socket, int level, int option, bool on) noexcept {
  const int value = on ? 1 : 0;
  return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

Result<Place> place_of(const UniqueFd& socket) {
  Place place;
  place.size = sizeof place.address;
  if (::getsockname(socket.get(), &place.address.generic, &place.size) != 0) return errno_error("cannot read the address of a socket", errno);
  return place;
}

/// A socket at `place` that is about to listen, or nothing with errno.
UniqueFd bound_at(const Place& place, bool v6_only, bool share) {
  const bool v6 = place.address.generic.sa_family == AF_INET6;
  UniqueFd socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return socket;
  switch_option(socket, SOL_SOCKET, SO_REUSEADDR, true);
  if (share) switch_option(socket, SOL_SOCKET, SO_REUSEPORT, true);
  if (v6) switch_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, v6_only);
  if (::bind(socket.get(), &place.address.generic, place.size) == 0) return socket;
  const int error = errno;
  socket.reset();
  errno = error;
  return socket;
}

/// Sockets that share an address are numbered in the order in which they began to listen; when one leaves, the last one takes its number, and a
/// number that nobody has means a choice by hash (reuseport_add_sock, __reuseport_detach_sock, reuseport_select_sock in net/core/sock_reuseport.c).
/// So the answer "1" means the second of two, and then the only one that is left.
bool steer_to_second(const UniqueFd& socket) noexcept {
  sock_filter answer = BPF_STMT(BPF_RET | BPF_K, 1);
  const sock_fprog program{1, &answer};
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}

bool kernel_can_steer() {
  const UniqueFd scratch(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return scratch.valid() && switch_option(scratch, SOL_SOCKET, SO_REUSEPORT, true) && steer_to_second(scratch);
}

/// The kernel remembers for each port that a socket with SO_REUSEPORT was the last one to be let in, and lets every further one of that user in at
/// the same address without a look at the sockets that are there, fences included (sk_reuseport_match in net/ipv4/inet_connection_sock.c). A
/// socket without the option makes it forget. It takes the family that the listener does not serve; at `::` there is none: false.
bool forget_sharing(const Place& listener) {
  Place other;
  const Port port = listener.address.generic.sa_family == AF_INET6 ? listener.address.v6.sin6_port : listener.address.v4.sin_port;
  if (listener.address.generic.sa_family == AF_INET6) {
    other.address.v4.sin_family = AF_INET;
    other.address.v4.sin_port = port;
    other.size = sizeof other.address.v4;
  } else {
    other.address.v6.sin6_family = AF_INET6;
    other.address.v6.sin6_port = port;
    other.size = sizeof other.address.v6;
  }
  return bound_at(other, true, false).valid();
}

}  // namespace

Result<UniqueFd> listen_tcp(const std::string& host, Port port) {
  TRY_ASSIGN(const auto place, place_of(host, port));
  UniqueFd socket = bound_at(place, false, false);
  if (!socket.valid() || ::listen(socket.get(), kBacklog) != 0) return refusal(host, port, errno);
  return socket;
}

Result<UniqueFd> listen_instead_of(const UniqueFd& listener) {
  TRY_ASSIGN(const auto place, place_of(listener));
  if (!kernel_can_steer() || !forget_sharing(place)) {
    return Error(Errc::failed, "a second socket at this address could not be kept for us alone");
  }
  switch_option(listener, SOL_SOCKET, SO_REUSEPORT, true);
  UniqueFd heir = bound_at(place, false, true);
  if (heir.valid() && ::listen(heir.get(), kBacklog) == 0) {
    (void)steer_to_second(heir);
    forget_sharing(place);
    return heir;
  }
  const int error = errno;
  heir.reset();
  switch_option(listener, SOL_SOCKET, SO_REUSEPORT, false);
  forget_sharing(place);
  Error report = errno_error("cannot listen beside a socket of ours", error);
  if (error == EADDRINUSE) report.code = Errc::busy;
  return report;
}

void retire_listener(const UniqueFd& listener, const UniqueFd& heir) noexcept {
  ::shutdown(listener.get(), SHUT_RDWR);
  switch_option(heir, SOL_SOCKET, SO_REUSEPORT, false);
}

}  // namespace devinit::os
