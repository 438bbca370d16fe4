#include "os/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace devinit::os {

std::optional<LogFile> LogFile::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return LogFile(std::move(fd), {status.st_dev, status.st_ino});
}

std::uint64_t LogFile::size() const noexcept {
  struct stat status {};
  return ::fstat(fd_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::int64_t LogFile::written_at() const noexcept {
  constexpr std::int64_t kSecond = 1'000'000'000;
  struct stat status {};
  return ::fstat(fd_.get(), &status) == 0 ? status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec : 0;
}

std::string LogFile::read(std::uint64_t offset, std::size_t count) const {
  std::string chunk(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const auto got = ::pread(fd_.get(), chunk.data() + filled, count - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  chunk.resize(filled);
  return chunk;
}

}  // namespace devinit::os
