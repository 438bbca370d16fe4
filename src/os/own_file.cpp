#include "os/own_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/fd.hpp"

namespace devinit::os {
namespace {

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

bool is_own_regular(const struct stat& status) { return S_ISREG(status.st_mode) && status.st_uid == ::geteuid(); }

/// Opens a file without following a link or waiting for the other end of a FIFO.
UniqueFd open_plainly(const std::string& path, int flags) {
  return UniqueFd(::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
}

/// The content from `offset` on; stops early at a difference.
bool same_content(int fd, std::string_view content) noexcept {
  std::array<char, 16384> buffer;
  std::size_t offset = 0;
  while (true) {
    const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size == 0 && offset == content.size();
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(size));
    if (content.substr(offset, piece.size()) != piece) return false;
    offset += piece.size();
  }
}

}  // namespace

Result<> check_own_folder(const std::string& path, const std::string& hint) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return errno_error("cannot open the folder " + path, errno);
  if (S_ISLNK(status.st_mode)) return Error(Errc::refused, path + " is a symbolic link", hint);
  if (!S_ISDIR(status.st_mode)) return Error(Errc::refused, path + " is not a folder", hint);
  if (status.st_uid != ::geteuid()) {
    return Error(Errc::refused, path + " belongs to another user (uid " + std::to_string(status.st_uid) + ")", hint);
  }
  if ((status.st_mode & kWritableByOthers) != 0) {
    return Error(Errc::refused, path + " can be written by other users", "chmod 700 '" + path + "'");
  }
  return {};
}

bool is_own_content(int fd, std::string_view content) noexcept {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && is_own_regular(status) && (status.st_mode & kWritableByOthers) == 0 &&
         static_cast<std::size_t>(status.st_size) == content.size() && same_content(fd, content);
}

bool is_own_file(const std::string& path, std::string_view content, mode_t mode) {
  const auto fd = open_plainly(path, O_RDONLY);
  struct stat status {};
  return fd.valid() && ::fstat(fd.get(), &status) == 0 && is_own_regular(status) && (status.st_mode & 07777) == mode &&
         same_content(fd.get(), content);
}

Result<> make_own_file(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && !is_own_regular(status) && ::unlink(path.c_str()) != 0) {
    return errno_error("cannot replace " + path, errno);
  }
  const auto fd = open_plainly(path, O_WRONLY | O_CREAT);
  if (!fd.valid() || ::fchmod(fd.get(), 0600) != 0) return errno_error("cannot create " + path, errno);
  return {};
}

}  // namespace devinit::os
