#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "os/exit_status.hpp"
#include "os/fd.hpp"
#include "os/spawn.hpp"

namespace devinit::test {

struct Pipe {
  os::UniqueFd read_end;
  os::UniqueFd write_end;

  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

/// A bound on waiting for an event that has to come; a test that reaches it fails.
inline constexpr int kPatienceMs = 30000;

/// Reads until `ending` has been seen, or the end of the input.
inline std::string read_until(int fd, std::string_view ending) {
  std::string text;
  while (ending.empty() || text.find(ending) == text.npos) {
    pollfd entry{fd, POLLIN, 0};
    REQUIRE(::poll(&entry, 1, kPatienceMs) == 1);
    char buffer[4096];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

inline std::string read_to_end(int fd) { return read_until(fd, {}); }

/// A child of the test, killed and reaped at the latest when it goes out of scope.
class ChildProcess {
 public:
  explicit ChildProcess(const os::SpawnRequest& request) {
    auto result = os::spawn(request);
    if (!result) FAIL(result.error().message);
    spawned_ = std::move(*result);
  }
  /// Takes over a child that was made by other means.
  explicit ChildProcess(pid_t pid) { spawned_.identity = os::identify(pid).value_or(os::ProcessIdentity{pid, 0}); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    if (reaped_) return;
    ::kill(pid(), SIGKILL);
    ::waitpid(pid(), nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return spawned_.identity.pid; }
  [[nodiscard]] const os::ProcessIdentity& identity() const { return spawned_.identity; }
  [[nodiscard]] int pidfd() const { return spawned_.pidfd.get(); }

  /// Waits until it is a zombie, and leaves it one.
  void wait_until_zombie() const {
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid()), &info, WEXITED | WNOWAIT) == 0);
  }

  os::ExitStatus wait() {
    int status = 0;
    REQUIRE(::waitpid(pid(), &status, 0) == pid());
    reaped_ = true;
    return os::ExitStatus::from_wait_status(status);
  }

 private:
  os::Spawned spawned_;
  bool reaped_ = false;
};

/// `sh -c script` with this process's PATH; `fds` as in SpawnRequest.
inline os::SpawnRequest shell(const std::string& script, std::vector<std::pair<int, int>> fds = {}) {
  os::SpawnRequest request;
  request.argv = {"sh", "-c", script};
  request.environment = os::current_environment();
  request.fds = std::move(fds);
  return request;
}

}  // namespace devinit::test
