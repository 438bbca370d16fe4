#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/deadline.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"

namespace devinit::os {

namespace {

/// A pidfd, or why there is none: ESRCH when the process is gone or another one has its number by now.
struct OpenedPidfd {
  UniqueFd fd;
  int error = 0;
};

// sys/pidfd.h of glibc 2.36 declares these without extern "C", so C++ cannot link them.
int pidfd_open(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }
int pidfd_send_signal(int pidfd, int signal) noexcept {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

OpenedPidfd open_verified(const ProcessIdentity& identity) {
  if (identity.pid <= 0) return {UniqueFd(), ESRCH};
  UniqueFd fd(pidfd_open(identity.pid));
  if (!fd.valid()) return {UniqueFd(), errno};
  // Read after the open: from here on the descriptor stands for this process or for a dead one, never for a successor.
  if (identify(identity.pid) != identity) return {UniqueFd(), ESRCH};
  return {std::move(fd), 0};
}

/// A pidfd is readable once every thread of the process has ended, reaped or not.
bool ends_within(const UniqueFd& pidfd, std::chrono::milliseconds timeout) {
  const Deadline deadline(timeout);
  for (;;) {
    pollfd entry{pidfd.get(), POLLIN, 0};
    const int count = ::poll(&entry, 1, deadline.remaining_ms());
    if (count > 0) return true;
    if (count == 0 && deadline.remaining_ms() == 0) return false;
  }
}

}  // namespace

std::optional<UniqueFd> open_pidfd(const ProcessIdentity& identity) {
  OpenedPidfd opened = open_verified(identity);
  if (opened.error != 0) return std::nullopt;
  return std::move(opened.fd);
}

Result<bool> send_signal(const ProcessIdentity& identity, int signal) {
  const OpenedPidfd opened = open_verified(identity);
  int error = opened.error;
  if (error == 0) {
    // The kernel accepts a signal for a zombie, which would read as "it was still there".
    if (ends_within(opened.fd, std::chrono::milliseconds{0})) return false;
    error = pidfd_send_signal(opened.fd.get(), signal) == 0 ? 0 : errno;
  }
  if (error == 0) return true;
  if (error == ESRCH) return false;
  const std::string what = "cannot send " + signal_name(signal) + " to process " + std::to_string(identity.pid);
  if (error == EPERM) return Error(Errc::privileged, what, "it belongs to another user");
  return errno_error(what, error);
}

bool is_alive(const ProcessIdentity& identity) {
  const auto stat = process_stat(identity.pid);
  if (!stat || stat->identity != identity || stat->state == 'X') return false;
  if (stat->state != 'Z') return true;
  // The first thread may end before the others: its state is 'Z' then, and the process lives.
  const OpenedPidfd opened = open_verified(identity);
  return opened.error == 0 && !ends_within(opened.fd, std::chrono::milliseconds{0});
}

bool wait_for_exit(const ProcessIdentity& identity, std::chrono::milliseconds timeout) {
  const OpenedPidfd opened = open_verified(identity);
  if (opened.error == ESRCH) return true;
  if (opened.error != 0) return !is_alive(identity);
  return ends_within(opened.fd, timeout);
}

}  // namespace devinit::os
