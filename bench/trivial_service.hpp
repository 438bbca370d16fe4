#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

/// What the benchmarks' services have in common: they listen, and they tell the harness when.
namespace bench {

inline constexpr long long kSecond = 1'000'000'000;

/// The clock that the harness reads, too (Python's time.monotonic_ns).
inline long long now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

template <class Address>
const sockaddr* as_sockaddr(const Address& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

/// A listening socket on 127.0.0.1, with SO_REUSEADDR as servers set it; -1 when the port is taken.
inline int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, as_sockaddr(address), sizeof address) != 0) return -1;
  return ::listen(fd, 128) == 0 ? fd : -1;
}

/// Sends "PORT PID NANOSECONDS" to the datagram socket that BENCH_REPORT names; does nothing without that variable.
inline void report(int port, long long at = now_ns()) {
  const char* path = std::getenv("BENCH_REPORT");
  if (path == nullptr) return;
  char text[96];
  const int size = std::snprintf(text, sizeof text, "%d %d %lld", port, static_cast<int>(::getpid()), at);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  ::sendto(fd, text, static_cast<std::size_t>(size), 0, as_sockaddr(to), sizeof to);
  ::close(fd);
}

}  // namespace bench
