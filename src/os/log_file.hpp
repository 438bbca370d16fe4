#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "os/fd.hpp"
#include "os/files.hpp"

namespace devinit::os {

/// A regular file that is read while others write, rename or delete it: all questions are answered by the open file, whatever stands
/// at its path by now.
class LogFile {
 public:
  /// Nothing when there is no regular file. Never blocks on a FIFO or a device.
  [[nodiscard]] static std::optional<LogFile> open(const std::string& path);

  [[nodiscard]] const FileId& id() const noexcept { return id_; }
  /// In bytes, now.
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// When it was last written, in nanoseconds of the file system's clock: only for comparing.
  [[nodiscard]] std::int64_t written_at() const noexcept;
  /// `count` bytes at `offset`, fewer at the end of the file.
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t count) const;

 private:
  LogFile(UniqueFd fd, FileId id) : fd_(std::move(fd)), id_(id) {}
  UniqueFd fd_;
  FileId id_;
};

}  // namespace devinit::os
