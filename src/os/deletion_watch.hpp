#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Tells when a name disappears from a folder (inotify: deleted or moved away), and nothing else, so that a busy folder wakes nobody.
class DeletionWatch {
 public:
  [[nodiscard]] static Result<DeletionWatch> create();
  [[nodiscard]] Result<> add(const std::string& directory);
  /// For poll; readable when something disappeared.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Discards what has been reported. Never blocks.
  void drain() noexcept;

 private:
  explicit DeletionWatch(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace devinit::os
