#include "os/file_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "os/deadline.hpp"
#include "os/interrupting_timer.hpp"
#include "os/lock_owner.hpp"
#include "os/proc_file.hpp"

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

/// Waits for the lock; false with errno, EINTR when a signal ended the wait.
bool wait_for_lock(int fd) {
  struct flock range = whole_file();
  return ::fcntl(fd, F_OFD_SETLKW, &range) == 0;
}

/// Whether `path` still names the open file: somebody may have deleted or replaced it before we had the lock, and a lock on
/// a nameless file excludes nobody.
bool still_named(int fd, const std::string& path) {
  struct stat open_file {};
  struct stat named {};
  return ::fstat(fd, &open_file) == 0 && ::lstat(path.c_str(), &named) == 0 && open_file.st_dev == named.st_dev &&
         open_file.st_ino == named.st_ino;
}

std::string clause_of(std::optional<pid_t> pid) {
  return pid ? "process " + std::to_string(*pid) : "another process";
}

Result<UniqueFd> open_lock_file(const std::string& path, mode_t mode) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode));
  if (!fd.valid()) return errno_error("cannot open the lock file " + path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("cannot read the lock file " + path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Errc::io, "the lock file " + path + " is not a regular file");
  return fd;
}

/// A file that is deleted faster than that is not a lock file.
constexpr int kReplacements = 8;
Error never_named(const std::string& path) { return Error(Errc::io, "the lock file " + path + " is deleted again and again"); }

/// How often a waiting process looks whether the file it waits for is still the one of that name. It loses its place in the queue by that.
constexpr std::chrono::milliseconds kLookAround{500};

}  // namespace

Result<FileLock> FileLock::try_acquire(const std::string& path, mode_t mode) {
  for (int attempt = 0; attempt < kReplacements; ++attempt) {
    TRY_ASSIGN(UniqueFd fd, open_lock_file(path, mode));
    if (!lock_now(fd.get())) {
      if (errno == EAGAIN || errno == EACCES) return Error(Errc::busy, path + " is locked by " + clause_of(named_holder(path)));
      return errno_error("cannot lock " + path, errno);
    }
    if (still_named(fd.get(), path)) return FileLock(std::move(fd));
  }
  return never_named(path);
}

Result<FileLock> FileLock::acquire(const std::string& path, std::chrono::milliseconds timeout, mode_t mode) {
  auto at_once = try_acquire(path, mode);
  if (at_once || at_once.error().code != Errc::busy) return at_once;
  const Deadline deadline(timeout);
  const auto tick = std::clamp(timeout, std::chrono::milliseconds(1), kLookAround);
  const InterruptingTimer timer(tick, tick);
  if (!timer.armed()) return errno_error("cannot wait for the lock file " + path, errno);
  for (int replaced = 0; replaced < kReplacements;) {
    TRY_ASSIGN(UniqueFd fd, open_lock_file(path, mode));
    bool locked = false;
    while (!locked && still_named(fd.get(), path)) {
      locked = wait_for_lock(fd.get());
      if (!locked && errno != EINTR) return errno_error("cannot lock " + path, errno);
      if (!locked && deadline.remaining_ms() == 0) return Error(Errc::timeout, path + " stayed locked by " + clause_of(holder(path)));
    }
    if (locked && still_named(fd.get(), path)) {
      FileLock lock(std::move(fd));
      lock.had_to_wait_ = true;
      return lock;
    }
    ++replaced;
  }
  return never_named(path);
}

std::optional<pid_t> FileLock::named_holder(const std::string& path) {
  std::array<char, 32> buffer;
  const auto text = read_start(path.c_str(), buffer);
  if (!text) return std::nullopt;
  const auto begin = std::min(text->find_first_of("0123456789"), text->size());
  pid_t pid = 0;
  const auto parsed = std::from_chars(text->data() + begin, text->data() + text->size(), pid);
  return parsed.ec == std::errc() && pid > 0 ? std::optional(pid) : std::nullopt;
}

std::optional<pid_t> FileLock::holder(const std::string& path) {
  const auto seen = description_lock_owner(path);
  return seen ? seen : named_holder(path);
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

void FileLock::release() noexcept {
  struct flock range = whole_file();
  range.l_type = F_UNLCK;
  ::fcntl(fd_.get(), F_OFD_SETLK, &range);
}

Result<> FileLock::take_again(const std::string& path, std::chrono::milliseconds timeout, mode_t mode) {
  had_to_wait_ = false;
  if (lock_now(fd_.get()) && still_named(fd_.get(), path)) return {};
  release();  // of a file that has lost its name
  TRY_ASSIGN(*this, acquire(path, timeout, mode));
  return {};
}

bool FileLock::retake() noexcept { return lock_now(fd_.get()); }

Result<> FileLock::name_holder() {
  std::array<char, 12> text;
  text.fill(' ');
  std::to_chars(text.data(), text.data() + text.size() - 1, ::getpid());
  text.back() = '\n';
  std::array<char, 12> last{};
  if (::pread(fd_.get(), last.data(), last.size(), 0) == static_cast<ssize_t>(last.size()) && last == text) return {};
  if (::pwrite(fd_.get(), text.data(), text.size(), 0) < 0) return errno_error("cannot write the lock file", errno);
  return {};
}

}  // namespace devinit::os
