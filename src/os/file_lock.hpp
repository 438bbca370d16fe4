#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// An exclusive open-file-description lock (F_OFD_SETLK) on a file that is created when missing and never deleted
/// (deleting a lock file lets two owners coexist). The lock ends with its owner, however it ends: the descriptor is
/// close-on-exec. The file's text belongs to the owner of the lock.
class FileLock {
 public:
  /// Takes the lock at once, or fails with Errc::busy. Other failures are Errc::io. `mode` for a new file.
  [[nodiscard]] static Result<FileLock> try_acquire(const std::string& path, mode_t mode = 0600);
  /// Waits up to `timeout` (Errc::timeout, the message names the `holder` if there is one). The kernel does the waiting:
  /// first come, first served, without polling. Uses SIGRTMAX while it waits (see InterruptingTimer); other signals do not end the wait.
  [[nodiscard]] static Result<FileLock> acquire(const std::string& path, std::chrono::milliseconds timeout, mode_t mode = 0600);
  /// True when some process holds the lock now. False as well when the file does not exist.
  [[nodiscard]] static bool is_held(const std::string& path);
  /// The pid that the last owner wrote first into the file; nothing when there is none.
  [[nodiscard]] static std::optional<pid_t> named_holder(const std::string& path);
  /// Who has the lock: as the kernel tells where it does (a look at every process), else the `named_holder`, who may be the last but one. An
  /// owner can be stopped before it has written its name.
  [[nodiscard]] static std::optional<pid_t> holder(const std::string& path);

  /// Replaces the file's text in place (readers of a lock file tolerate a torn read).
  [[nodiscard]] Result<> write_text(std::string_view text);
  /// Gives the lock up and keeps the file open for `take_again`, which spares opening it thousands of times.
  void release() noexcept;
  /// After `release`: as `acquire` with the path it was made with; a file that was replaced meanwhile is opened anew.
  [[nodiscard]] Result<> take_again(const std::string& path, std::chrono::milliseconds timeout, mode_t mode = 0600);

  /// After `release`: takes the lock only if nobody has it now.
  [[nodiscard]] bool retake() noexcept;
  /// Somebody else had the lock when it was asked for.
  [[nodiscard]] bool had_to_wait() const noexcept { return had_to_wait_; }

  /// Makes this process the `named_holder`. One write of a fixed size, and none when it was the last one, too: for locks that change hands
  /// thousands of times a second.
  [[nodiscard]] Result<> name_holder();

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  bool had_to_wait_ = false;
};

}  // namespace devinit::os
