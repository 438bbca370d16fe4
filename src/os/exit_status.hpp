#pragma once

#include <optional>
#include <string>

namespace devinit::os {

/// How a process ended: a typed view of the `wait(2)` status word.
class ExitStatus {
 public:
  [[nodiscard]] static ExitStatus from_wait_status(int status) noexcept { return ExitStatus(status); }
  [[nodiscard]] static ExitStatus exited(int code) noexcept { return ExitStatus((code & 0xff) << 8); }

  /// The exit code, when the process ended by itself.
  [[nodiscard]] std::optional<int> code() const noexcept;
  /// The signal that ended the process, if one did.
  [[nodiscard]] std::optional<int> signal() const noexcept;
  [[nodiscard]] bool success() const noexcept { return status_ == 0; }
  [[nodiscard]] int wait_status() const noexcept { return status_; }
  /// "exited with code 3", "killed by SIGSEGV (core dumped)", "killed by SIGKILL".
  [[nodiscard]] std::string describe() const;

 private:
  explicit ExitStatus(int status) noexcept : status_(status) {}
  int status_;
};

}  // namespace devinit::os
