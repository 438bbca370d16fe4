#pragma once

#include <algorithm>
#include <chrono>

namespace devinit::os {

/// A moment on the steady clock, for loops around poll(2) that interruptions must not prolong.
class Deadline {
 public:
  /// `timeout` from now; negative counts as zero, and more than a day as a day.
  explicit Deadline(std::chrono::milliseconds timeout)
      : at_(std::chrono::steady_clock::now() +
            std::clamp<std::chrono::milliseconds>(timeout, std::chrono::milliseconds{0}, std::chrono::hours{24})) {}

  /// What is left, in milliseconds rounded up (as poll(2) takes it); 0 once the moment has passed.
  [[nodiscard]] int remaining_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace devinit::os
