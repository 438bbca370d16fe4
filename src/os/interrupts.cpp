#include "os/interrupts.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace devinit::os {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

/// Signals belong to the process, and so does the answer to which one ended it.
int last_taken = 0;

/// A signal that is blocked waits for its reader even if it is ignored.
bool is_ignored(int signal) noexcept {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

int waiting_signal() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  ::sigpending(&pending);
  for (const int signal : kSignals) {
    if (sigismember(&pending, signal) == 1) return signal;
  }
  return SIGINT;
}

}  // namespace

Result<Interrupts> Interrupts::block() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) {
    if (signal != SIGHUP || !is_ignored(signal)) sigaddset(&signals, signal);
  }
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return errno_error("cannot block signals", errno);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot watch signals", errno);
  return Interrupts(std::move(fd));
}

bool Interrupts::take() noexcept {
  bool taken = false;
  while (take_one()) taken = true;
  return taken;
}

std::optional<Interrupts::Arrived> Interrupts::take_one() noexcept {
  signalfd_siginfo info;
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  last_taken = static_cast<int>(info.ssi_signo);
  return Arrived{last_taken, info.ssi_code == SI_KERNEL};
}

int Interrupts::exit_code() noexcept {
  constexpr int kSignalBase = 128;
  return kSignalBase + (last_taken != 0 ? last_taken : waiting_signal());
}

}  // namespace devinit::os
