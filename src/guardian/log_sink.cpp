#include "guardian/log_sink.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "guardian/syscalls.hpp"
#include "guardian/text.hpp"

namespace devinit::guardian {
namespace {

constexpr size_t kLongestPath = 4200;

bool look(int fd, struct stat* info) { return call(__NR_fstat, fd, info) == 0; }

}  // namespace

void LogSink::open(const char* path, uint64_t max_size, int keep) {
  path_ = path;
  max_size_ = max_size;
  keep_ = keep;
  reopen();
}

void LogSink::reopen() {
  if (fd_ >= 0) call(__NR_close, fd_);
  fd_ = static_cast<int>(call(__NR_openat, AT_FDCWD, path_, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat info;
  size_ = fd_ >= 0 && look(fd_, &info) ? static_cast<uint64_t>(info.st_size) : 0;
}

/// NAME.log.3 → NAME.log.4 …, NAME.log → NAME.log.1; the oldest is overwritten.
void LogSink::rotate() {
  for (int n = keep_ - 1; n >= 1; --n) {
    Text<kLongestPath> from;
    Text<kLongestPath> to;
    to << path_ << "." << n;
    from << path_;
    if (n > 1) from << "." << (n - 1);
    call(__NR_renameat, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str());
  }
  if (keep_ <= 1 && fd_ >= 0) call(__NR_ftruncate, fd_, 0);
  reopen();
}

bool LogSink::write_all(const char* data, size_t size) {
  while (size > 0) {
    const long put = call(__NR_write, fd_, data, size);
    if (put == -EINTR) continue;
    if (put <= 0) return false;
    data += put;
    size -= static_cast<size_t>(put);
    size_ += static_cast<uint64_t>(put);
  }
  return true;
}

void LogSink::write(const char* data, size_t size) {
  struct stat info;
  if (fd_ < 0 || (look(fd_, &info) && info.st_nlink == 0)) reopen();  // somebody deleted the file
  // Rotate between lines, but do not wait for the end of a line for ever.
  constexpr uint64_t kLongestLine = 64 * 1024;
  if (size_ + size > max_size_ && size_ > 0 && (last_byte_ == '\n' || size_ > max_size_ + kLongestLine)) rotate();
  if (unreported_ > 0) {
    Text<96> gap;
    gap << (last_byte_ == '\n' ? "" : "\n") << "[devinit: " << unreported_ << " bytes of log could not be written]\n";
    if (write_all(gap.c_str(), gap.size())) unreported_ = 0;
  }
  if (fd_ >= 0 && unreported_ == 0 && write_all(data, size)) {
    last_byte_ = data[size - 1];
    return;
  }
  dropped_ += size;
  unreported_ += size;
}

}  // namespace devinit::guardian
