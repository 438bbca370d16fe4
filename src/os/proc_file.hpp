#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace devinit::os {

/// "/proc/PID/NAME" without an allocation: the process table is read thousands of paths at a time.
class ProcPath {
 public:
  /// `name` is at most 40 bytes, such as "stat" or "ns/pid".
  ProcPath(pid_t pid, std::string_view name) noexcept;
  [[nodiscard]] static ProcPath children_of_thread(pid_t pid, pid_t thread) noexcept;

  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

 private:
  ProcPath() = default;
  void append(std::string_view part) noexcept;
  void append(pid_t number) noexcept;

  std::array<char, 64> text_{};
  std::size_t size_ = 0;
};

/// The first bytes of a file by one read(2), which for the small files of procfs is all of it. The view points into `buffer`.
[[nodiscard]] std::optional<std::string_view> read_start(const char* path, std::span<char> buffer) noexcept;

/// The whole file, at most 16 MiB of it; nothing when it cannot be opened or read.
[[nodiscard]] std::optional<std::string> read_whole(const char* path);

/// The target of a symbolic link; empty when it cannot be read.
[[nodiscard]] std::string read_link(const char* path);

/// Appends every entry of `directory` that is a decimal number. False when the directory cannot be opened.
bool append_numbers_in(const char* directory, std::vector<pid_t>& numbers);

/// Appends the white-space separated numbers of a file. False when it cannot be opened.
bool append_numbers_of(const char* path, std::vector<pid_t>& numbers);

}  // namespace devinit::os
