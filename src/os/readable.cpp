#include "os/readable.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <span>

namespace devinit::os {
namespace {

using Clock = std::chrono::steady_clock;

/// What is left until `deadline`, for poll(2): -1 waits for ever; rounded up, so that no wait ends early.
int poll_timeout(const std::optional<Clock::time_point>& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
}

/// poll(2) that interruptions neither end nor prolong.
void poll_all(std::span<pollfd> polled, std::optional<std::chrono::milliseconds> timeout) {
  std::optional<Clock::time_point> deadline;
  if (timeout) deadline = Clock::now() + *timeout;
  while (::poll(polled.data(), polled.size(), poll_timeout(deadline)) < 0 && errno == EINTR) {
  }
}

}  // namespace

ReadyOrCancelled wait_ready(int fd, Readiness what, int cancel_fd, std::optional<std::chrono::milliseconds> timeout) {
  const short events = what == Readiness::readable ? POLLIN : POLLOUT;
  std::array<pollfd, 2> polled{pollfd{.fd = fd, .events = events, .revents = 0}, pollfd{.fd = cancel_fd, .events = POLLIN, .revents = 0}};
  poll_all(polled, timeout);
  return {polled[0].revents != 0, polled[1].revents != 0};
}

std::vector<bool> wait_readable(const std::vector<int>& fds, std::optional<std::chrono::milliseconds> timeout) {
  std::vector<pollfd> polled;
  for (const int fd : fds) polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  poll_all(polled, timeout);
  std::vector<bool> readable;
  for (const auto& entry : polled) readable.push_back(entry.revents != 0);
  return readable;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("cannot create a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> open_to_read(const std::string& path) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return UniqueFd(fd);
  auto error = errno_error("cannot read " + path, errno);
  if (errno == ENOENT || errno == ENOTDIR) error.code = Errc::not_found;
  return error;
}

Result<std::string> read_some(int fd) {
  std::array<char, 4096> buffer;
  while (true) {
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count >= 0) return std::string(buffer.data(), static_cast<std::size_t>(count));
    if (errno != EINTR) return errno_error("cannot read from a pipe", errno);
  }
}

int only_if_pipe(int fd) noexcept {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode) ? fd : -1;
}

}  // namespace devinit::os
