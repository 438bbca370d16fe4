#pragma once

#include <string_view>

#include "os/fd.hpp"

namespace devinit::os {

/// The end of a start-up pipe on which a background program says once that it is ready, or what is wrong. It is made close-on-exec, so
/// that no child keeps the waiting side from seeing its end.
class ReadyPipe {
 public:
  explicit ReadyPipe(int fd) noexcept;
  /// Writes and closes: the first word is the last. Nothing happens without a pipe.
  void say(std::string_view text) noexcept;

 private:
  UniqueFd fd_;
};

}  // namespace devinit::os
