#include "os/children.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

namespace devinit::os {

void become_subreaper() noexcept { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

std::vector<pid_t> reap_children() noexcept {
  std::vector<pid_t> ended;
  for (;;) {
    const pid_t child = ::waitpid(-1, nullptr, WNOHANG);
    if (child <= 0) return ended;
    ended.push_back(child);
  }
}

void ignore_broken_pipes_and_hangups() noexcept {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
}

int kill_all(const std::vector<ProcessIdentity>& victims) noexcept {
  int existed = 0;
  for (const auto& victim : victims) {
    const auto sent = send_signal(victim, SIGKILL);
    if (!sent || *sent) ++existed;
  }
  return existed;
}

}  // namespace devinit::os
