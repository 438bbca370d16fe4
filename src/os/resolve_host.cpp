#include "os/resolve_host.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

#include "os/deadline.hpp"
#include "os/readable.hpp"
#include "os/write_all.hpp"

namespace devinit::os {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { ::freeaddrinfo(addresses); }
};

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> binary;
  return ::inet_pton(AF_INET, name.c_str(), binary.data()) == 1 || ::inet_pton(AF_INET6, name.c_str(), binary.data()) == 1;
}

/// One address a line.
std::string ask_resolver(const std::string& name) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &wanted, &first) != 0) return {};
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(first);
  std::string lines;
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      lines += std::string(text.data()) + "\n";
    }
  }
  return lines;
}

/// Runs in the child, which has one thread and ends without the parent's exit handlers. Its signals are as at the start of a program.
[[noreturn]] void answer(const std::string& name, int fd, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::_exit(write_all(fd, ask_resolver(name)) ? 0 : 1);
}

/// Everything up to the end of the pipe; nothing when time is up.
std::optional<std::string> read_in_time(int fd, const Deadline& deadline) {
  std::string text;
  while (wait_readable({fd}, std::chrono::milliseconds(deadline.remaining_ms())).front()) {
    const auto piece = read_some(fd);
    if (!piece || piece->empty()) return text;
    text += *piece;
  }
  return std::nullopt;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

}  // namespace

Result<std::vector<std::string>> resolve_host(const std::string& name, std::chrono::milliseconds timeout) {
  if (is_address(name)) return std::vector{name};
  const Deadline deadline(timeout);
  TRY_ASSIGN(auto pipe, make_pipe());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error("cannot look the host " + name + " up", errno);
  if (child == 0) answer(name, pipe.write_end.get(), parent);
  pipe.write_end.reset();
  const auto text = read_in_time(pipe.read_end.get(), deadline);
  if (!text) ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!text) return Error(Errc::timeout, "the name server did not tell the address of " + name + " in time");
  auto addresses = lines_of(*text);
  if (addresses.empty()) return Error(Errc::not_found, "the host " + name + " is not known");
  return addresses;
}

}  // namespace devinit::os
