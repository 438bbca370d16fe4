#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "os/exit_status.hpp"
#include "supervisor/limit_watch.hpp"
#include "support/child_process.hpp"

using namespace devinit;
using namespace devinit::test;
using devinit::supervisor::LimitWatch;

namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

struct Told : LimitWatch::Observer {
  std::vector<std::string> exceeded;
  std::vector<std::string> warnings;
  void on_exceeded(const std::string& service, const std::string& text) override { exceeded.push_back(service + " " + text); }
  void on_limit_warning(const std::string& service, const std::string& text) override { warnings.push_back(service + ": " + text); }
};

/// Stands in for a guardian: a process whose child takes `megabytes` and waits for the end of its input.
class Eater {
 public:
  explicit Eater(int megabytes) : child_(request(megabytes)) { (void)read_until(said_.read_end.get(), "."); }
  [[nodiscard]] pid_t guardian() const { return child_.pid(); }
  void end() {
    input_.write_end.reset();
    child_.wait();
  }

 private:
  os::SpawnRequest request(int megabytes) const {
    const std::string code = "import os; taken = b'x' * (" + std::to_string(megabytes) + " << 20); os.write(1, b'.'); os.read(0, 1)";
    // The shell keeps its input for the child: one in the background would read from /dev/null.
    return shell("python3 -c \"" + code + "\"; exit 0", {{input_.read_end.get(), 0}, {said_.write_end.get(), 1}});
  }
  Pipe said_;
  Pipe input_;
  ChildProcess child_;
};

config::LimitsSpec memory_limit(std::uint64_t megabytes) {
  config::LimitsSpec limits;
  limits.memory = megabytes * kMegabyte;
  return limits;
}

/// Where the kernel itself limits memory nobody has to look.
bool kernel_limits_memory() {
  auto group = os::Cgroup::make("contract");
  return group && group->limit_memory(64 * kMegabyte).has_value();
}

template <class Condition>
void run_until(boost::asio::io_context& loop, Condition condition) {
  while (!condition()) {
    loop.restart();
    REQUIRE(loop.run_one_for(std::chrono::milliseconds(kPatienceMs)) == 1);
  }
}

}  // namespace

TEST_CASE("A tree that takes more memory than its limit is told of once, one that takes less is not") {
  if (kernel_limits_memory()) {
    WARN("skipped: the kernel limits memory here");
    return;
  }
  boost::asio::io_context loop;
  Told told;
  LimitWatch watch(loop, told);
  Eater greedy(150);
  Eater modest(20);
  (void)watch.prepare("greedy", memory_limit(100));
  (void)watch.prepare("modest", memory_limit(100));
  watch.watch("greedy", greedy.guardian());
  watch.watch("modest", modest.guardian());
  run_until(loop, [&] { return !told.exceeded.empty(); });
  REQUIRE(told.exceeded.size() == 1);
  CHECK(told.exceeded.front().starts_with("greedy takes 1"));
  CHECK(told.exceeded.front().ends_with(" MB of memory, more than its limit of 100 MB"));
  Eater next(150);
  (void)watch.prepare("next", memory_limit(100));
  watch.watch("next", next.guardian());
  run_until(loop, [&] { return told.exceeded.size() > 1; });  // a second look: neither of the first two is told of again
  CHECK(told.exceeded.back().starts_with("next "));
  for (Eater* eater : {&greedy, &modest, &next}) eater->end();
}

TEST_CASE("What is over is not looked at any more, and nothing wakes up") {
  if (kernel_limits_memory()) return;
  boost::asio::io_context loop;
  Told told;
  LimitWatch watch(loop, told);
  Eater greedy(150);
  (void)watch.prepare("greedy", memory_limit(100));
  watch.watch("greedy", greedy.guardian());
  CHECK(watch.forget("greedy").empty());
  CHECK(watch.forget("greedy").empty());
  loop.run();  // comes to its end: the look that was due finds nothing to do
  CHECK(told.exceeded.empty());
  greedy.end();
}

TEST_CASE("Without limits nobody is looked at or warned") {
  boost::asio::io_context loop;
  Told told;
  LimitWatch watch(loop, told);
  (void)watch.prepare("free", {});
  watch.watch("free", ::getpid());
  CHECK(loop.run() == 0);
  CHECK(told.warnings.empty());
}

TEST_CASE("A limit that cannot be enforced is said once, with the reason") {
  boost::asio::io_context loop;
  Told told;
  LimitWatch watch(loop, told);
  auto limits = memory_limit(100);
  limits.cpu = 1.5;
  for (const char* service : {"first", "second"}) (void)watch.prepare(service, limits);
  auto group = os::Cgroup::make("contract");
  const bool memory = group && group->limit_memory(kMegabyte);
  const bool cpu = group && group->limit_cpu(1);
  REQUIRE(told.warnings.size() == (memory ? 0U : 1U) + (cpu ? 0U : 1U));
  for (const auto& warning : told.warnings) {
    INFO(warning);
    CHECK(warning.starts_with("first: its "));
    CHECK(warning.find(": ", warning.find(": ") + 1) != warning.npos);
  }
}

TEST_CASE("Every service has a control group where one can be made, which goes with its run") {
  boost::asio::io_context loop;
  Told told;
  LimitWatch watch(loop, told);
  if (!os::Cgroup::make("contract")) {
    CHECK(watch.prepare("web", {}) == -1);
    CHECK_FALSE(watch.kill("web"));
    WARN("skipped: no control group can be made here");
    return;
  }
  const int folder = watch.prepare("web", {});
  REQUIRE(folder >= 0);
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(folder)).string();
  CHECK(path.ends_with("-web"));
  ChildProcess child(shell("echo 0 >" + path + "/cgroup.procs && exec sleep 1000"));
  const auto members = path + "/cgroup.procs";
  for (std::string text; text.empty();) std::ifstream(members) >> text;
  CHECK(watch.kill("web"));
  CHECK(child.wait().signal() == SIGKILL);
  (void)watch.forget("web");
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(watch.kill("web"));
}

TEST_CASE("The kernel's own limit is named when it has struck") {
  boost::asio::io_context loop;
  Told told;
  LimitWatch watch(loop, told);
  if (!kernel_limits_memory()) {
    WARN("skipped: the kernel cannot limit memory here");
    return;
  }
  const int folder = watch.prepare("greedy", memory_limit(32));
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(folder)).string();
  ChildProcess child(shell("echo 0 >" + path + "/cgroup.procs && exec python3 -c \"x = b'x' * (256 << 20)\""));
  CHECK(child.wait().signal() == SIGKILL);
  CHECK(watch.forget("greedy") == "out of memory: its limit is 32 MB");
}
