#include "os/file_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "os/files.hpp"

namespace devinit::os {
namespace {

struct flock whole_file() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

/// Locks an open file; false with errno. EACCES and EAGAIN mean that somebody else has the lock.
bool lock_now(int fd) {
  struct flock range = whole_file();
  return ::fcntl(fd, F_OFD_SETLK, &range) == 0;
}

/// Whether `path` still names the open file: somebody may have deleted or replaced it before we had the lock, and a lock on
/// a nameless file excludes nobody.
bool still_named(int fd, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return ::fstat(fd, &open_file) == 0 && ::lstat(path.c_str(), &named) == 0 && open_file.st_dev == named.st_dev &&
         open_file.st_ino == named.st_ino;
}

/// The pid that the lock's owner wrote first into the file; empty when there is none.
std::string owner_in(const std::string& path) {
  const auto text = read_text_file(path, {}, 4096);
  if (!text) return {};
  const auto begin = text->find_first_of("0123456789");
  if (begin == std::string::npos) return {};
  return text->substr(begin, text->find_first_not_of("0123456789", begin) - begin);
}

std::string holder_clause(const std::string& path) {
  const std::string pid = owner_in(path);
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<FileLock> FileLock::try_acquire(const std::string& path, mode_t mode) {
  constexpr int kReplacements = 8;  // a file that is deleted faster than that is not a lock file
  for (int attempt = 0; attempt < kReplacements; ++attempt) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode));
    if (!fd.valid()) return errno_error("cannot open the lock file " + path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("cannot read the lock file " + path, errno);
    if (!S_ISREG(status.st_mode)) return Error(Errc::io, "the lock file " + path + " is not a regular file");
    if (!lock_now(fd.get())) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EACCES) return Error(Errc::busy, path + " is locked by " + holder_clause(path));
      return errno_error("cannot lock " + path, errno);
    }
    if (still_named(fd.get(), path)) return FileLock(std::move(fd));
  }
  return Error(Errc::io, "the lock file " + path + " is deleted again and again");
}

Result<FileLock> FileLock::acquire(const std::string& path, std::chrono::milliseconds timeout, mode_t mode) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout;
  // The kernel offers a wait without limit or none; a lock is held for milliseconds, so asking again soon is enough.
  std::chrono::milliseconds pause{1};
  while (true) {
    auto lock = try_acquire(path, mode);
    if (lock || lock.error().code != Errc::busy) return lock;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return Error(Errc::timeout, path + " stayed locked by " + holder_clause(path));
    std::this_thread::sleep_for(std::min(pause, left));
    pause = std::min(pause * 2, std::chrono::milliseconds(20));
  }
}

bool FileLock::is_held(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return false;
  struct flock range = whole_file();
  return ::fcntl(fd.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

Result<> FileLock::write_text(std::string_view text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = ::pwrite(fd_.get(), text.data() + written, text.size() - written, static_cast<off_t>(written));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno_error("cannot write the lock file", errno);
    written += static_cast<std::size_t>(size);
  }
  if (::ftruncate(fd_.get(), static_cast<off_t>(text.size())) != 0) return errno_error("cannot write the lock file", errno);
  return {};
}

}  // namespace devinit::os
