#include "os/interrupting_timer.hpp"

#include <unistd.h>

namespace devinit::os {
namespace {

timespec to_timespec(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(duration - seconds).count()};
}

void only_interrupt(int) {}

sigset_t only(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

}  // namespace

InterruptingTimer::InterruptingTimer(std::chrono::milliseconds first, std::chrono::milliseconds interval) noexcept {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMAX;
  event._sigev_un._tid = ::gettid();  // glibc 2.36 has no sigev_notify_thread_id
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) return;
  struct sigaction action {};
  action.sa_handler = only_interrupt;  // not SIG_IGN, which interrupts nothing, and without SA_RESTART
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGRTMAX, &action, &old_action_);
  const sigset_t signal = only(SIGRTMAX);
  ::pthread_sigmask(SIG_UNBLOCK, &signal, &old_mask_);
  const itimerspec spec{.it_interval = to_timespec(interval), .it_value = to_timespec(first)};
  ::timer_settime(timer_, 0, &spec, nullptr);
  armed_ = true;
}

InterruptingTimer::~InterruptingTimer() {
  if (!armed_) return;
  // A signal that is under way arrives when this call returns: it is not blocked, and for this thread.
  ::timer_delete(timer_);
  ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  ::sigaction(SIGRTMAX, &old_action_, nullptr);
}

}  // namespace devinit::os
