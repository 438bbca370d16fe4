// The least that watching files can cost: inotify on one folder, one timer, one signal.
//
// usage: bench_watch_floor FOLDER PID DEBOUNCE_MS
//   SIGHUP goes to PID when a file of FOLDER has been written and none for DEBOUNCE_MS since

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

void forget_events(int fd) {
  alignas(inotify_event) char events[4096];
  if (::read(fd, events, sizeof events) < 0) std::perror("bench_watch_floor");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int fd = ::inotify_init1(IN_CLOEXEC);
  if (::inotify_add_watch(fd, argv[1], IN_CLOSE_WRITE) < 0) {
    std::perror("bench_watch_floor");
    return 1;
  }
  const auto service = static_cast<pid_t>(std::atoi(argv[2]));
  const int debounce_ms = std::atoi(argv[3]);
  pollfd watched{fd, POLLIN, 0};
  while (true) {
    forget_events(fd);
    while (::poll(&watched, 1, debounce_ms) > 0) forget_events(fd);
    ::kill(service, SIGHUP);
  }
}
