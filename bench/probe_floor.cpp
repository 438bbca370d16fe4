// The least that asking N HTTP services once a second can cost: five system calls for each, and sleep.
//
// usage: bench_probe_floor N FIRST_PORT
//   until SIGTERM

#include <string_view>
#include <vector>

#include "trivial_service.hpp"

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

int ask(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, bench::as_sockaddr(address), sizeof address) == 0) ::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
  return fd;
}

bool is_well(int fd) {
  char answer[512];
  const auto size = ::recv(fd, answer, sizeof answer, 0);
  ::close(fd);
  return size > 12 && std::string_view(answer, 12) == "HTTP/1.1 200";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int first = std::atoi(argv[2]);
  std::vector<int> asked(static_cast<std::size_t>(std::atoi(argv[1])));
  const timespec period{1, 0};
  while (true) {
    for (std::size_t i = 0; i < asked.size(); ++i) asked[i] = ask(first + static_cast<int>(i));
    for (const int fd : asked) {
      if (!is_well(fd)) std::fprintf(stderr, "bench_probe_floor: no good answer\n");
    }
    ::nanosleep(&period, nullptr);
  }
}
