#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace devinit::config {

/// The project folder as detection sees it. Paths are relative to the root, "" is the root itself. Implemented on the real file
/// system by the callers, in memory by the tests: config itself does no I/O. Symbolic links are followed: the interpreter of a
/// Python venv is one.
class ProjectFiles {
 public:
  virtual ~ProjectFiles() = default;
  [[nodiscard]] virtual bool is_file(const std::string& path) const = 0;
  [[nodiscard]] virtual bool is_directory(const std::string& path) const = 0;
  /// Text of a regular file of at most 1 MiB, or nothing.
  [[nodiscard]] virtual std::optional<std::string> read(const std::string& path) const = 0;
  /// Text of a file that people write for devinit, which is refused rather than passed over: nothing when there is none; Errc::config with a hint
  /// for a symbolic link that leaves the project, a dangling one, what is no regular file, is too large or cannot be read.
  [[nodiscard]] virtual Result<std::optional<std::string>> read_edited(const std::string& path) const = 0;
  /// Names in a folder, sorted; empty when there is none.
  [[nodiscard]] virtual std::vector<std::string> list(const std::string& path) const = 0;
  /// True when `command` is found in the user's PATH ("python3", "pnpm", "uv").
  [[nodiscard]] virtual bool has_command(const std::string& command) const = 0;
};

}  // namespace devinit::config
