#pragma once

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <string>
#include <utility>

#include "base/port.hpp"
#include "os/fd.hpp"

namespace devinit::test {

/// A network namespace of our own for the life of the object, with a working loopback, where the kernel lets us make one; else
/// the machine's network, on ports that the kernel has just called free. Either way copies of the tests can run side by side.
class Network {
 public:
  Network() : outside_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    isolated_ = outside_.valid() && ::unshare(CLONE_NEWNET) == 0;
    if (!isolated_) return;
    const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    REQUIRE(::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0);
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network() {
    if (isolated_) ::setns(outside_.get(), CLONE_NEWNET);
  }
  [[nodiscard]] bool isolated() const { return isolated_; }

 private:
  os::UniqueFd outside_;
  bool isolated_ = false;
};

struct Options {
  bool reuse_address = true;
  bool reuse_port = false;
  bool v6_only = false;
  bool listens = true;
  int type = SOCK_STREAM;
};

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

/// `host` is one of "127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::".
inline std::pair<Address, socklen_t> address(const std::string& host, Port port) {
  Address result{};
  if (host.find(':') == std::string::npos) {
    result.v4.sin_family = AF_INET;
    result.v4.sin_port = htons(port);
    const bool any = host == "0.0.0.0";
    result.v4.sin_addr.s_addr = any ? INADDR_ANY : htonl(INADDR_LOOPBACK + (host == "127.0.0.2" ? 1 : 0));
    return {result, sizeof result.v4};
  }
  result.v6.sin6_family = AF_INET6;
  result.v6.sin6_port = htons(port);
  if (host == "::1") result.v6.sin6_addr = in6addr_loopback;
  return {result, sizeof result.v6};
}

/// A server's socket as a stranger would make it; invalid with errno when the kernel refuses.
inline os::UniqueFd serve(const std::string& host, Port port, Options options = {}) {
  const auto [where, size] = address(host, port);
  os::UniqueFd socket(::socket(where.any.sa_family, options.type | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int v6_only = options.v6_only ? 1 : 0;
  if (options.reuse_address) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.reuse_port) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (where.any.sa_family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  const bool bound = ::bind(socket.get(), &where.any, size) == 0;
  const bool listens = bound && (!options.listens || options.type != SOCK_STREAM || ::listen(socket.get(), 8) == 0);
  if (!listens) {
    const int error = errno;
    socket.reset();
    errno = error;
  }
  return socket;
}

inline os::UniqueFd connect_to(const std::string& host, Port port) {
  const auto [where, size] = address(host, port);
  os::UniqueFd socket(::socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), &where.any, size) != 0) socket.reset();
  return socket;
}

inline Port local_port(const os::UniqueFd& socket) {
  Address where{};
  socklen_t size = sizeof where;
  ::getsockname(socket.get(), &where.any, &size);
  return ntohs(where.any.sa_family == AF_INET6 ? where.v6.sin6_port : where.v4.sin_port);
}

/// A port that nobody has.
inline Port scratch_port() { return local_port(serve("::", 0, {.reuse_address = false, .listens = false})); }

/// The first of `count` neighbouring ports that nobody has.
inline Port scratch_ports(int count) {
  while (true) {
    const Port first = scratch_port();
    if (first + count > 65535) continue;
    bool free = true;
    for (int i = 0; i < count && free; ++i) {
      free = serve("::", static_cast<Port>(first + i), {.reuse_address = false, .listens = false}).valid();
    }
    if (free) return first;
  }
}

/// Leaves a connection of a server on `port` in TIME_WAIT: the server's side closes first.
inline void leave_time_wait(Port port, Options options) {
  const auto server = serve("127.0.0.1", port, options);
  REQUIRE(server.valid());
  const auto client = connect_to("127.0.0.1", port);
  REQUIRE(client.valid());
  os::UniqueFd accepted(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(accepted.valid());
  accepted.reset();
  char byte = 0;
  REQUIRE(::read(client.get(), &byte, 1) == 0);  // the end has arrived; the client's close below completes it
}

/// A forked process that runs `body` and talks to the test by single bytes. It never outlives the test.
class Child {
 public:
  class Side {
   public:
    explicit Side(int fd) : fd_(fd) {}
    void say(char byte) const { static_cast<void>(!::write(fd_, &byte, 1)); }
    /// Blocks for a byte; 0 when the test has closed its end.
    [[nodiscard]] char hear() const {
      char byte = 0;
      return ::read(fd_, &byte, 1) == 1 ? byte : '\0';
    }
    [[nodiscard]] int fd() const { return fd_; }

   private:
    int fd_;
  };

  /// Returns at once; the process exits with what `body` returns.
  explicit Child(const std::function<int(const Side&)>& body) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      for (const int signal : {SIGTERM, SIGINT, SIGSEGV, SIGABRT}) ::signal(signal, SIG_DFL);  // Catch's are not for us
      ::_exit(body(Side(ends[1])));
    }
    ::close(ends[1]);
    end_.reset(ends[0]);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)), end_(std::move(other.end_)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] char hear() const { return Side(end_.get()).hear(); }
  void say(char byte) const { Side(end_.get()).say(byte); }
  [[nodiscard]] int fd() const { return end_.get(); }
  /// The wait status; the object is empty afterwards.
  int wait() {
    int status = -1;
    if (pid_ != 0) ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }
  int exit_code() {
    const int status = wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  os::UniqueFd end_;
};

/// A process that listens on `port` until the test ends or kills it; it says 'r' when it is ready.
inline Child listener_process(Port port, const std::function<void()>& prepare = {}, const std::string& host = "127.0.0.1") {
  Child child([&](const Child::Side& side) {
    if (prepare) prepare();
    const auto socket = serve(host, port);
    side.say(socket.valid() ? 'r' : 'x');
    while (side.hear() != '\0') {
    }
    return 0;
  });
  REQUIRE(child.hear() == 'r');
  return child;
}

/// A user without rights, for tests that run as root.
inline constexpr uid_t kNobody = 65534;

}  // namespace devinit::test
