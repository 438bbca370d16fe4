#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "os/log_generations.hpp"

namespace devinit::supervisor {

/// Reads the lines that are appended to a service's log, from one rotation to the next. Each byte is read once.
class LogTail {
 public:
  /// From `offset` of `path` on, as the file is now; one that does not exist yet is read from its beginning.
  LogTail(std::string path, std::uint64_t offset);

  /// Calls `visit(line)` for every line that has become complete, without its end, until that returns true or a megabyte has been read: the
  /// rest is for the next time. True when `visit` did. A line of more than 64 KB comes as its first 64 KB.
  bool read(const std::function<bool(std::string_view)>& visit);

  /// What has been read of a line that is not complete yet: a prompt, perhaps. Valid until the next `read`.
  [[nodiscard]] std::string_view unfinished() const noexcept { return line_taken_ ? std::string_view() : std::string_view(line_); }

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] bool go_on();
  [[nodiscard]] std::optional<std::string_view> next_line();

  os::LogGenerations generations_;
  std::optional<os::LogFile> file_;
  std::uint64_t offset_;
  std::string chunk_;          ///< read and not looked at from `at_` on
  std::size_t at_ = 0;
  std::string line_;           ///< a line that began in an earlier chunk
  bool line_taken_ = false;    ///< `line_` has been given away
};

}  // namespace devinit::supervisor
