#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guardian/protocol.hpp"
#include "os/exit_status.hpp"
#include "os/process.hpp"
#include "os/record_channel.hpp"
#include "os/spawn.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::test {

/// For states of other processes that the kernel announces to nobody.
template <class Condition>
void wait_until(Condition condition) {
  const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < give_up_at);
    ::sched_yield();
  }
}

/// Orphans come to this process while the object lives, and are killed and reaped with it.
class Subreaper {
 public:
  Subreaper() { REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
  ~Subreaper() {
    for (auto tree = os::process_tree(::getpid()); tree.size() > 1; tree = os::process_tree(::getpid())) {
      for (std::size_t i = 1; i < tree.size(); ++i) ::kill(tree[i], SIGKILL);  // ours, and nobody else reaps them
      ::waitpid(-1, nullptr, 0);
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
};

/// A named pipe in both directions at once: never at its end, never without a reader.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    fd_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(fd_.valid());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  void write_line(const std::string& text) const {
    const std::string line = text + "\n";
    REQUIRE(::write(fd_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
  [[nodiscard]] std::string line() {
    while (pending_.find('\n') == pending_.npos) {
      pollfd entry{fd_.get(), POLLIN, 0};
      REQUIRE(::poll(&entry, 1, kPatienceMs) == 1);
      char buffer[4096];
      const ssize_t count = ::read(fd_.get(), buffer, sizeof buffer);
      REQUIRE(count > 0);
      pending_.append(buffer, static_cast<std::size_t>(count));
    }
    const auto end = pending_.find('\n');
    const std::string text = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    return text;
  }

 private:
  std::string path_;
  os::UniqueFd fd_;
  std::string pending_;
};

struct GuardedOptions {
  std::uint64_t max_size = std::uint64_t{1} << 30;
  int keep = 5;
  int stop_signal = SIGTERM;
  guardian::Target stop_target = guardian::Target::group;
  std::uint32_t grace_ms = 600'000;  ///< a test that reaches it has failed
  std::string spared = "no-such-daemon";
  std::string log;                   ///< instead of the file in the folder
  bool discard_output = false;
  std::string limits;                ///< as guardian/limits.hpp reads them
  int socket = -1;                   ///< to listen on
  int cgroup = -1;                   ///< the folder of a control group
  std::string program;               ///< instead of command[0]
  os::Environment environment = os::current_environment();
};

/// A guardian with its service, and the supervisor's end of the control socket. `$say`, `$hear` and `$silence` name three pipes in the
/// service's environment: `echo x >$say` reaches `heard()`, what `tell()` writes can be read from `$hear`, and nothing ever from `$silence`.
/// Gone with its tree at the latest with the object.
class GuardedService {
 public:
  explicit GuardedService(std::vector<std::string> command, GuardedOptions options = {}) : options_(std::move(options)) {
    const char* program = ::getenv("DEVINIT_GUARDIAN");
    INFO("DEVINIT_GUARDIAN has to name the guardian program: run the tests with ctest");
    REQUIRE(program != nullptr);
    auto channel = os::make_record_channel();
    REQUIRE(channel.has_value());
    os::UniqueFd image(::open(program, O_RDONLY | O_CLOEXEC));
    REQUIRE(image.valid());
    auto spawned = os::spawn(request(image.get(), channel->second.get(), std::move(command)));
    if (!spawned) FAIL(spawned.error().message);
    control_ = std::move(channel->first);
    guardian_ = spawned->identity;
  }
  GuardedService(const GuardedService&) = delete;
  GuardedService& operator=(const GuardedService&) = delete;
  ~GuardedService() {
    if (reaped_) return;
    if (control_.valid()) kill_all();
    control_.reset();
    while (!os::wait_for_exit(guardian_, std::chrono::milliseconds(100))) {  // a failed test; without an order the grace is long
      const auto tree = os::process_tree(guardian_.pid);
      for (std::size_t i = 1; i < tree.size(); ++i) ::kill(tree[i], SIGKILL);
    }
    ::waitpid(guardian_.pid, nullptr, 0);
  }

  [[nodiscard]] const os::ProcessIdentity& guardian() const { return guardian_; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] std::string log_path() const { return options_.log.empty() ? folder_.path("service.log") : options_.log; }
  /// Complete once `empty` was reported.
  [[nodiscard]] std::string log() const { return content_of(log_path()); }
  [[nodiscard]] std::string heard() { return say_.line(); }
  [[nodiscard]] os::ProcessIdentity heard_process() { return identity_in(heard()); }
  /// `count` lines "NAME PID", in any order.
  [[nodiscard]] std::map<std::string, os::ProcessIdentity> heard_processes(int count) {
    std::map<std::string, os::ProcessIdentity> processes;
    for (int i = 0; i < count; ++i) {
      const auto text = heard();
      const auto blank = text.find(' ');
      REQUIRE(blank != text.npos);
      processes.emplace(text.substr(0, blank), identity_in(text.substr(blank + 1)));
    }
    return processes;
  }
  void tell(const std::string& text) const { hear_.write_line(text); }

  /// Nothing: the guardian is gone.
  [[nodiscard]] std::optional<guardian::Report> next_report() {
    pollfd entry{control_.get(), POLLIN, 0};
    REQUIRE(::poll(&entry, 1, kPatienceMs) == 1);
    guardian::Report report{};
    if (os::receive_record(control_.get(), &report, sizeof report) != os::Received::record) return {};
    return report;
  }
  guardian::Report expect(guardian::ReportKind kind) {
    const auto report = next_report();
    REQUIRE(report.has_value());
    REQUIRE(static_cast<int>(report->kind) == static_cast<int>(kind));
    return *report;
  }
  os::ProcessIdentity expect_spawned() {
    const auto report = expect(guardian::ReportKind::spawned);
    return {report.value, report.extra};
  }
  os::ExitStatus expect_empty() { return os::ExitStatus::from_wait_status(expect(guardian::ReportKind::empty).value); }
  /// From the spawn to the end of the tree and of the guardian.
  os::ExitStatus run_to_end() {
    expect_spawned();
    const auto status = expect_empty();
    expect_end_of_guardian();
    return status;
  }
  void expect_end_of_guardian() {
    if (control_.valid()) CHECK_FALSE(next_report().has_value());
    CHECK(wait_for_guardian() == 0);
  }
  int wait_for_guardian() {
    int status = 0;
    REQUIRE(os::wait_for_exit(guardian_, std::chrono::milliseconds(kPatienceMs)));
    REQUIRE(::waitpid(guardian_.pid, &status, 0) == guardian_.pid);
    reaped_ = true;
    return status;
  }

  void stop(guardian::Target target, std::uint32_t grace_ms, int signal = SIGTERM) const {
    send({guardian::OrderKind::stop, signal, target, grace_ms});
  }
  void stop(guardian::Target target = guardian::Target::group) const { stop(target, options_.grace_ms); }
  void signal(int number) const { send({guardian::OrderKind::signal, number, guardian::Target::leader, 0}); }
  void kill_all() const { send({guardian::OrderKind::kill, SIGKILL, guardian::Target::tree, 0}); }
  void close_control() { control_.reset(); }

 private:
  static os::ProcessIdentity identity_in(const std::string& pid) {
    const auto identity = os::identify(std::stoi(pid));
    REQUIRE(identity.has_value());
    return *identity;
  }
  void send(const guardian::Order& order) const { os::send_record(control_.get(), &order, sizeof order); }

  os::SpawnRequest request(int image, int control, std::vector<std::string> command) {
    os::SpawnRequest made;
    made.executable = image;
    made.new_session = true;
    made.cwd = folder_.path();
    made.fds = {{control, guardian::kControlFd}};
    if (options_.socket >= 0) made.fds.emplace_back(options_.socket, guardian::kSocketFd);
    if (options_.cgroup >= 0) made.fds.emplace_back(options_.cgroup, guardian::kCgroupFd);
    made.environment = options_.environment;
    made.environment["say"] = say_.path();
    made.environment["hear"] = hear_.path();
    made.environment["silence"] = silence_.path();
    const std::string program = options_.program.empty() ? command.front() : options_.program;
    made.argv = {"svguard", options_.discard_output ? std::string() : log_path(), std::to_string(options_.max_size), std::to_string(options_.keep),
                 std::to_string(options_.stop_signal), std::to_string(static_cast<int>(options_.stop_target)),
                 std::to_string(options_.grace_ms), options_.spared, options_.limits, program};
    made.argv.insert(made.argv.end(), command.begin(), command.end());
    return made;
  }

  GuardedOptions options_;
  TemporaryFolder folder_;
  Fifo say_{folder_.path("say")};
  Fifo hear_{folder_.path("hear")};
  Fifo silence_{folder_.path("silence")};
  os::UniqueFd control_;
  os::ProcessIdentity guardian_;
  bool reaped_ = false;
};

inline std::vector<std::string> script(const std::string& text) { return {"/bin/sh", "-c", text}; }

/// For the shell: waits for a line from the test whatever signals come meanwhile.
inline const std::string kWaitForWord = "exec 8<>$hear; until read word <&8; do :; done; ";

/// For the shell: waits for ever.
inline const std::string kWaitForEver = "exec 7<>$silence; while :; do read word <&7; done";

/// A hidden test case of this program, run as a service.
inline std::vector<std::string> test_case(const std::string& name) {
  return {"/proc/" + std::to_string(::getpid()) + "/exe", name};
}

inline constexpr char kAnswering[] = "helper: answers a signal";

/// For the shell, which turns into this process: says "NAME PID", then "NAME TERM" or "NAME USR1" when it gets that signal. With `more`
/// "word=1" it goes on until a word comes, and says "NAME COUNT": how many signals it got. Ends with `code`.
/// (A shell cannot: a signal between its look at the traps and its read(2) stays unanswered.)
inline std::string answering(const std::string& name, int code = 0, const std::string& more = {}) {
  return "name=" + name + " code=" + std::to_string(code) + " " + more + " exec " + test_case({}).front() + " '" + kAnswering + "'";
}

}  // namespace devinit::test
