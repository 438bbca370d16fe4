#include "os/init_process.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "os/process.hpp"

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

/// The descendants that run the program that we are.
std::vector<pid_t> own_kind() {
  const auto program_of = [](pid_t pid, struct stat& program) { return ::stat(("/proc/" + std::to_string(pid) + "/exe").c_str(), &program) == 0; };
  struct stat own {};
  if (!program_of(::getpid(), own)) return {};
  auto found = process_tree(::getpid());
  std::erase_if(found, [&](pid_t pid) {
    struct stat other {};
    return pid == ::getpid() || !program_of(pid, other) || other.st_dev != own.st_dev || other.st_ino != own.st_ino;
  });
  return found;
}

bool ends_programs(int signal) noexcept { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT; }

/// The next signal, whatever a debugger does to us.
siginfo_t next_signal(const sigset_t& signals) noexcept {
  siginfo_t signal{};
  while (::sigwaitinfo(&signals, &signal) < 0) {
  }
  return signal;
}

/// Until the child has ended; its wait status. `asked`: a signal that ends programs came, perhaps too late for the child to hear it.
int attend(pid_t child, const sigset_t& signals, bool& asked) noexcept {
  for (;;) {
    const auto signal = next_signal(signals);
    if (signal.si_signo != SIGCHLD) {
      asked = asked || ends_programs(signal.si_signo);
      if (!came_from_terminal(signal)) ::kill(child, signal.si_signo);
    } else if (const auto status = reap_all(child)) {
      return *status;
    }
  }
}

/// The kernel would end them with us, in the middle of what they put in order. The end of each is a SIGCHLD: orphans are ours.
void outlast_own_kind(const sigset_t& signals, bool asked) {
  for (auto left = own_kind(); !left.empty(); left = own_kind()) {
    if (std::exchange(asked, false)) {
      for (const pid_t pid : left) ::kill(pid, SIGTERM);
    }
    const auto signal = next_signal(signals);
    if (signal.si_signo == SIGCHLD) static_cast<void>(reap_all(0));
    if (!ends_programs(signal.si_signo)) continue;
    for (const pid_t pid : left) ::kill(pid, SIGTERM);
  }
}

int exit_code_of(int wait_status) noexcept {
  constexpr int kSignalBase = 128;
  return WIFSIGNALED(wait_status) ? kSignalBase + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

std::optional<int> fork_under_init() noexcept {
  const sigset_t signals = signals_to_hand_on();
  sigset_t before;
  // An ignored SIGCHLD, inherited from who started us, would make the kernel reap in our place, and the exit code would be lost.
  ::signal(SIGCHLD, SIG_DFL);
  ::sigprocmask(SIG_BLOCK, &signals, &before);
  const pid_t child = ::fork();
  if (child > 0) {
    bool asked = false;
    const int status = attend(child, signals, asked);
    outlast_own_kind(signals, asked);
    return exit_code_of(status);
  }
  if (child == 0) {
    for (const int signal : {SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return std::nullopt;
}

}  // namespace devinit::os
