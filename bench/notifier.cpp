// A service without a port that says READY=1 to NOTIFY_SOCKET, tells when, and waits for its end.
//
// usage: bench_notifier NUMBER DELAY_MS
//   NUMBER    stands in its report where others have their port
//   DELAY_MS  passes before

#include <cstddef>
#include <cstring>

#include "trivial_service.hpp"

namespace {

bool say_ready(const char* name) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::snprintf(to.sun_path, sizeof to.sun_path, "%s", name);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(to.sun_path));
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return ::sendto(fd, "READY=1", 7, 0, bench::as_sockaddr(to), size) == 7;
}

}  // namespace

int main(int argc, char** argv) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (argc < 3 || name == nullptr) return 2;
  const int delay_ms = std::atoi(argv[2]);
  const timespec delay{delay_ms / 1000, (delay_ms % 1000) * 1'000'000L};
  ::nanosleep(&delay, nullptr);
  const long long at = bench::now_ns();
  if (!say_ready(name)) {
    std::perror("bench_notifier");
    return 1;
  }
  bench::report(std::atoi(argv[1]), at);
  while (true) ::pause();
}
