#include "os/init_process.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace devinit::os {
namespace {

/// All but those that the kernel sends for a mistake in our own program: blocked, they would end us in silence or not at all.
sigset_t signals_to_hand_on() noexcept {
  sigset_t signals;
  sigfillset(&signals);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&signals, own);
  return signals;
}

/// What a terminal sends goes to its whole foreground group, the child included.
bool came_from_terminal(const siginfo_t& signal) noexcept {
  return signal.si_code == SI_KERNEL &&
         (signal.si_signo == SIGINT || signal.si_signo == SIGQUIT || signal.si_signo == SIGTSTP || signal.si_signo == SIGWINCH);
}

/// The wait status of `child`, if it was among those that have ended.
std::optional<int> reap_all(pid_t child) noexcept {
  std::optional<int> ended;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return ended;
    if (pid == child) ended = status;
  }
}

int attend(pid_t child, const sigset_t& signals) noexcept {
  constexpr int kSignalBase = 128;
  for (;;) {
    siginfo_t signal{};
    if (::sigwaitinfo(&signals, &signal) < 0) continue;  // EINTR: stopped and continued by a debugger
    if (signal.si_signo != SIGCHLD) {
      if (!came_from_terminal(signal)) ::kill(child, signal.si_signo);
      continue;
    }
    if (const auto status = reap_all(child)) {
      return WIFSIGNALED(*status) ? kSignalBase + WTERMSIG(*status) : WEXITSTATUS(*status);
    }
  }
}

}  // namespace

std::optional<int> fork_under_init() noexcept {
  const sigset_t signals = signals_to_hand_on();
  sigset_t before;
  // An ignored SIGCHLD, inherited from who started us, would make the kernel reap in our place, and the exit code would be lost.
  ::signal(SIGCHLD, SIG_DFL);
  ::sigprocmask(SIG_BLOCK, &signals, &before);
  const pid_t child = ::fork();
  if (child > 0) return attend(child, signals);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return std::nullopt;
}

}  // namespace devinit::os
