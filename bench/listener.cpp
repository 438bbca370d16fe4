// A trivial service: listens, tells when, waits for its end.
//
// usage: bench_listener PORT [DELAY_MS [family]]
//   DELAY_MS  passes before bind(2), as the start-up of a real server does
//   family    leaves two more processes behind that a careless supervisor forgets: a child, and a daemon (session of its own, parent
//             gone, deaf to SIGTERM)

#include <csignal>
#include <cstring>

#include "trivial_service.hpp"

namespace {

[[noreturn]] void wait_for_the_end() {
  while (true) ::pause();
}

void leave_family_behind(int listening_fd) {
  if (::fork() == 0) {
    ::close(listening_fd);
    wait_for_the_end();
  }
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::close(listening_fd);
    std::signal(SIGTERM, SIG_IGN);
    wait_for_the_end();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int port = std::atoi(argv[1]);
  const int delay_ms = argc > 2 ? std::atoi(argv[2]) : 0;
  const timespec delay{delay_ms / 1000, (delay_ms % 1000) * 1'000'000L};
  if (delay_ms > 0) ::nanosleep(&delay, nullptr);
  const int fd = bench::listen_on(port);
  if (fd < 0) {
    std::perror("bench_listener");
    return 1;
  }
  if (argc > 3 && std::strcmp(argv[3], "family") == 0) leave_family_behind(fd);
  bench::report(port);
  wait_for_the_end();
}
