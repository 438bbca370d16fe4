#include "os/interrupts.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace devinit::os {

Result<Interrupts> Interrupts::block() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
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
  return Arrived{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace devinit::os
