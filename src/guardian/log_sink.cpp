#include "guardian/log_sink.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace devinit::guardian {

void LogSink::open(const char* path, std::uint64_t max_size, int keep) {
  path_ = path;
  max_size_ = max_size;
  keep_ = keep;
  reopen();
}

void LogSink::reopen() {
  if (fd_ >= 0) close(fd_);
  fd_ = ::open(path_, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  struct stat info;
  size_ = fd_ >= 0 && fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void LogSink::rotate() {
  char from[4200];
  char to[4200];
  for (int n = keep_ - 1; n >= 1; --n) {
    snprintf(to, sizeof to, "%s.%d", path_, n);
    if (n == 1) {
      snprintf(from, sizeof from, "%s", path_);
    } else {
      snprintf(from, sizeof from, "%s.%d", path_, n - 1);
    }
    rename(from, to);
  }
  if (keep_ <= 1 && fd_ >= 0 && ftruncate(fd_, 0) != 0) return;
  reopen();
}

bool LogSink::write_all(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t put = ::write(fd_, data, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    data += put;
    size -= static_cast<std::size_t>(put);
    size_ += static_cast<std::uint64_t>(put);
  }
  return true;
}

void LogSink::write(const char* data, std::size_t size) {
  struct stat info;
  if (fd_ < 0 || (fstat(fd_, &info) == 0 && info.st_nlink == 0)) reopen();  // somebody deleted the file
  // Rotate between lines, but do not wait for the end of a line for ever.
  constexpr std::uint64_t kLongestLine = 64 * 1024;
  if (size_ + size > max_size_ && size_ > 0 && (last_byte_ == '\n' || size_ > max_size_ + kLongestLine)) rotate();
  if (unreported_ > 0) {
    char gap[96];
    const int length = snprintf(gap, sizeof gap, "%s[devinit: %llu bytes of log could not be written]\n",
                                last_byte_ == '\n' ? "" : "\n", static_cast<unsigned long long>(unreported_));
    if (write_all(gap, static_cast<std::size_t>(length))) unreported_ = 0;
  }
  if (fd_ >= 0 && unreported_ == 0 && write_all(data, size)) {
    last_byte_ = data[size - 1];
    return;
  }
  dropped_ += size;
  unreported_ += size;
}

}  // namespace devinit::guardian
