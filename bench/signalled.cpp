// A service that listens, tells when, and tells each arrival of a SIGHUP.
//
// usage: bench_signalled PORT

#include <csignal>

#include "trivial_service.hpp"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int port = std::atoi(argv[1]);
  sigset_t hang_up;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  sigprocmask(SIG_BLOCK, &hang_up, nullptr);
  if (bench::listen_on(port) < 0) {
    std::perror("bench_signalled");
    return 1;
  }
  bench::report(port);
  while (::sigwaitinfo(&hang_up, nullptr) == SIGHUP) bench::report(port);
}
