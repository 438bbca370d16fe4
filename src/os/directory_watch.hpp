#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Tells when something in a folder was written, created, renamed, deleted or closed by its writer (inotify). It says only
/// *that* something happened: look again, and look once after the watch was set.
class DirectoryWatch {
 public:
  /// Errc::io, for instance when the user's inotify instances are used up or the folder does not exist.
  [[nodiscard]] static Result<DirectoryWatch> on(const std::string& directory);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Discards what has been reported so far. Never blocks.
  void drain() noexcept;

 private:
  explicit DirectoryWatch(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace devinit::os
