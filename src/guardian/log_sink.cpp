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

/// How much of `data` goes into the file that is open now: whole lines, as many as fit. 0: a new file comes first.
size_t LogSink::share_of_this_file(const char* data, size_t size) const {
  constexpr uint64_t kLongestLine = 64 * 1024;  // we do not wait for the end of a line for ever
  const size_t room = size_ < max_size_ ? static_cast<size_t>(max_size_ - size_) : 0;
  if (size <= room) return size;
  for (size_t end = room; end > 0; --end) {
    if (data[end - 1] == '\n') return end;
  }
  if (size_ > 0 && (last_byte_ == '\n' || size_ > max_size_ + kLongestLine)) return 0;
  for (size_t end = room; end < size; ++end) {
    if (data[end] == '\n') return end + 1;
  }
  return size;
}

/// As much as the disk takes; returns how much that was.
size_t LogSink::write_some(const char* data, size_t size) {
  size_t written = 0;
  while (written < size) {
    const long got = call(__NR_write, fd_, data + written, size - written);
    if (got == -EINTR) continue;
    if (got <= 0) break;
    written += static_cast<size_t>(got);
    size_ += static_cast<uint64_t>(got);
    last_byte_ = data[written - 1];
  }
  return written;
}

void LogSink::put(const char* data, size_t size) {
  if (unreported_ > 0) {
    Text<96> gap;
    gap << (last_byte_ == '\n' ? "" : "\n") << "[devinit: " << unreported_ << " bytes of log could not be written]\n";
    if (write_some(gap.c_str(), gap.size()) == gap.size()) unreported_ = 0;
  }
  const size_t lost = size - (unreported_ == 0 ? write_some(data, size) : 0);
  dropped_ += lost;
  unreported_ += lost;
}

void LogSink::write(const char* data, size_t size) {
  struct stat info;
  if (fd_ < 0 || !look(fd_, &info) || info.st_nlink == 0) {
    reopen();  // somebody deleted the file
  } else {
    size_ = static_cast<uint64_t>(info.st_size);  // somebody may have emptied it
  }
  while (size > 0) {
    size_t share = share_of_this_file(data, size);
    if (share == 0) {
      rotate();
      share = share_of_this_file(data, size);
      if (share == 0) share = size;  // the folder does not let us rename: better a big file than none
    }
    put(data, share);
    data += share;
    size -= share;
  }
}

}  // namespace devinit::guardian
