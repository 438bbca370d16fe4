#include "os/listening_socket.hpp"

#include <arpa/inet.h>
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

}  // namespace

Result<UniqueFd> listen_tcp(const std::string& host, Port port) {
  TRY_ASSIGN(const auto place, place_of(host, port));
  const bool v6 = place.address.generic.sa_family == AF_INET6;
  UniqueFd socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno_error("cannot open a TCP socket", errno);
  const int on = 1;
  const int off = 0;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (v6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(socket.get(), &place.address.generic, place.size) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return refusal(host, port, errno);
  }
  return socket;
}

}  // namespace devinit::os
