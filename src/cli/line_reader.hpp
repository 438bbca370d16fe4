#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace devinit::cli {

/// A line that is longer is cut off somewhere behind this, in bytes: who reads it sees that it is too long.
inline constexpr std::size_t kLongestLine = 1U << 20;

/// Lines of a file or a pipe, as many at a time as are there: whoever writes one line and waits for its answer gets it at once.
class LineReader {
 public:
  /// `fd` stays the caller's, and open.
  explicit LineReader(int fd) : fd_(fd) {}

  /// Waits for at least one line; at most `most` of them, without their newlines. Empty at the end. The last line needs no newline.
  /// Errc::io.
  [[nodiscard]] Result<std::vector<std::string>> next(std::size_t most);

 private:
  void take_lines(std::vector<std::string>& lines, std::size_t most);

  int fd_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what has not been given out
  bool ended_ = false;
};

}  // namespace devinit::cli
