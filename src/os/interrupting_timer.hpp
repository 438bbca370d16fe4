#pragma once

#include <signal.h>
#include <time.h>

#include <chrono>

namespace devinit::os {

/// Puts a limit to a system call that has none of its own, such as F_OFD_SETLKW: while the object lives, whatever blocks the calling thread
/// fails with EINTR after `first`, and again every `interval`, so that an interruption which comes just before the call is not the last one.
/// The caller looks at its deadline then.
///
/// It is a timer that sends SIGRTMAX to this thread only; the signal's old handler and the thread's mask come back with the destructor,
/// and no late signal outlives it. One object at a time, in the thread that made it.
class InterruptingTimer {
 public:
  InterruptingTimer(std::chrono::milliseconds first, std::chrono::milliseconds interval) noexcept;
  InterruptingTimer(const InterruptingTimer&) = delete;
  InterruptingTimer& operator=(const InterruptingTimer&) = delete;
  ~InterruptingTimer();

  /// False: the kernel gave no timer, and errno says why.
  [[nodiscard]] bool armed() const noexcept { return armed_; }

 private:
  timer_t timer_{};
  struct sigaction old_action_ {};
  sigset_t old_mask_{};
  bool armed_ = false;
};

}  // namespace devinit::os
