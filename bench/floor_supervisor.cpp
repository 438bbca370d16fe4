// The least that starting and stopping N services can cost: vfork, exec, wait. No ports are checked, no output is kept, nobody is told,
// nothing is written. An anchor for the figures of real supervisors, not one itself.
//
// usage: bench_floor_supervisor [--restart] N FIRST_PORT PROGRAM [ARGUMENT…]
//   starts `PROGRAM PORT ARGUMENT…` on N successive ports; SIGTERM ends all and then itself. --restart: who dies is started again.

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Service {
  std::string port;
  pid_t pid = -1;
};

class FloorSupervisor {
 public:
  FloorSupervisor(int count, int first_port, char** command) {
    for (int i = 0; i < count; ++i) services_.push_back({std::to_string(first_port + i)});
    argv_ = {command[0], nullptr};
    for (char** argument = command + 1; *argument != nullptr; ++argument) argv_.push_back(*argument);
    argv_.push_back(nullptr);
    sigemptyset(&watched_);
    sigaddset(&watched_, SIGTERM);
    sigaddset(&watched_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched_, nullptr);
    signals_ = ::signalfd(-1, &watched_, SFD_CLOEXEC);
  }

  void start_all() {
    for (auto& service : services_) start(service);
  }

  void run(bool restart) {
    while (alive_ > 0) {
      signalfd_siginfo info[16];
      const ssize_t got = ::read(signals_, info, sizeof info);
      for (ssize_t i = 0; i < got / static_cast<ssize_t>(sizeof info[0]); ++i) {
        if (info[i].ssi_signo == SIGTERM) stop_all();
      }
      reap(restart && !stopping_);
    }
  }

 private:
  void start(Service& service) {
    argv_[1] = service.port.data();
    const pid_t child = ::vfork();
    if (child == 0) {
      sigprocmask(SIG_UNBLOCK, &watched_, nullptr);
      ::execvp(argv_[0], argv_.data());
      ::_exit(127);
    }
    service.pid = child;
    if (child > 0) ++alive_;
  }

  void stop_all() {
    stopping_ = true;
    for (const auto& service : services_) {
      if (service.pid > 0) ::kill(service.pid, SIGTERM);
    }
  }

  void reap(bool restart) {
    for (pid_t pid = ::waitpid(-1, nullptr, WNOHANG); pid > 0; pid = ::waitpid(-1, nullptr, WNOHANG)) {
      for (auto& service : services_) {
        if (service.pid != pid) continue;
        service.pid = -1;
        --alive_;
        if (restart) start(service);
        break;
      }
    }
  }

  std::vector<Service> services_;
  std::vector<char*> argv_;
  sigset_t watched_{};
  int signals_ = -1;
  int alive_ = 0;
  bool stopping_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const bool restart = argc > 1 && std::strcmp(argv[1], "--restart") == 0;
  char** arguments = argv + (restart ? 2 : 1);
  if (argv + argc - arguments < 3) {
    std::fprintf(stderr, "usage: bench_floor_supervisor [--restart] N FIRST_PORT PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  FloorSupervisor floor(std::atoi(arguments[0]), std::atoi(arguments[1]), arguments + 2);
  floor.start_all();
  floor.run(restart);
}
