#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "os/cgroup.hpp"
#include "os/cgroup_place.hpp"
#include "support/child_process.hpp"

using namespace devinit;
using namespace devinit::test;

namespace {

std::string folder_of(const os::Cgroup& group) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(group.folder())).string();
}

/// Nothing, said once, where no group can be made.
std::optional<os::Cgroup> group_for(const std::string& name) {
  auto group = os::Cgroup::make(name);
  if (!group) {
    WARN("skipped: " + group.error().message);
    return std::nullopt;
  }
  return std::move(*group);
}

/// A process in the group that does what `script` says.
os::SpawnRequest in_group(const std::string& folder, const std::string& script) {
  return shell("echo 0 >" + folder + "/cgroup.procs && " + script);
}

/// Python that takes `megabytes` of memory, tells, and waits for the end of its input.
os::SpawnRequest eater(int megabytes, const Pipe& said, const Pipe& input) {
  const std::string code = "import os; taken = b'x' * (" + std::to_string(megabytes) + " << 20); os.write(1, b'.'); os.read(0, 1)";
  return shell("exec python3 -c \"" + code + "\"", {{input.read_end.get(), 0}, {said.write_end.get(), 1}});
}

}  // namespace

TEST_CASE("A control group is a folder that goes with its owner") {
  auto group = group_for("owned");
  if (!group) return;
  const auto folder = folder_of(*group);
  CHECK(folder.ends_with("-owned"));
  CHECK(std::filesystem::is_directory(folder));
  os::Cgroup other = std::move(*group);
  group.reset();
  CHECK(std::filesystem::is_directory(folder));
  other = *os::Cgroup::make("next");
  CHECK_FALSE(std::filesystem::exists(folder));
  CHECK(other.oom_kills() == 0);
}

TEST_CASE("All processes of a control group are killed at once") {
  auto group = group_for("killed-at-once");
  if (!group) return;
  const auto folder = folder_of(*group);
  Pipe ready;
  auto request = in_group(folder, "(setsid sh -c 'echo >&5; exec sleep 1000' &) ; exec sleep 1000");
  request.fds.emplace_back(ready.write_end.get(), 5);
  ChildProcess child(request);
  (void)read_until(ready.read_end.get(), "\n");
  REQUIRE(group->kill());
  CHECK(child.wait().signal() == SIGKILL);
  ready.write_end.reset();
  CHECK(read_to_end(ready.read_end.get()).empty());  // nobody holds the other end any more
}

TEST_CASE("What a dead process left is removed by the next, what a living one holds is not") {
  auto group = group_for("living");
  if (!group) return;
  const auto parent = std::filesystem::path(folder_of(*group)).parent_path().string();
  ChildProcess dead(shell("exit 0"));
  dead.wait();
  const auto left = parent + "/devinit-" + std::to_string(dead.pid()) + "-" + std::to_string(dead.identity().start_ticks) + "-1-web";
  const auto strange = parent + "/devinit-contract-" + std::to_string(::getpid());
  REQUIRE(::mkdir(left.c_str(), 0755) == 0);
  REQUIRE(::mkdir(strange.c_str(), 0755) == 0);
  os::remove_left_cgroups();
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK(std::filesystem::exists(strange));
  CHECK(std::filesystem::exists(folder_of(*group)));
  ::rmdir(strange.c_str());
}

TEST_CASE("A limit is in force, or refused with the reason") {
  auto group = group_for("limited");
  if (!group) return;
  const auto memory = group->limit_memory(std::uint64_t{32} << 20);
  if (memory) {
    ChildProcess child(in_group(folder_of(*group), "exec python3 -c \"x = b'x' * (256 << 20)\""));
    CHECK(child.wait().signal() == SIGKILL);
    CHECK(group->oom_kills() >= 1);
  } else {
    CHECK(memory.error().code == Errc::refused);
    WARN("memory not limited: " + memory.error().message);
  }
  const auto cpu = group->limit_cpu(0.5);
  if (cpu) {
    std::ifstream file(folder_of(*group) + "/cpu.max");
    std::string text;
    std::getline(file, text);
    CHECK(text == "50000 100000");
  } else {
    CHECK(cpu.error().code == Errc::refused);
    WARN("processor time not limited: " + cpu.error().message);
  }
}

TEST_CASE("The memory of a process is what it has taken itself") {
  Pipe said;
  Pipe input;
  ChildProcess child(eater(100, said, input));
  (void)read_until(said.read_end.get(), ".");
  const auto before = os::resident_memory({::getpid()});
  const auto taken = os::resident_memory({child.pid()});
  CHECK(taken > std::uint64_t{100} << 20);
  CHECK(taken < std::uint64_t{140} << 20);
  CHECK(os::shared_out_memory({child.pid()}) > std::uint64_t{100} << 20);
  CHECK(os::resident_memory({child.pid(), ::getpid()}) >= taken + before / 2);
  CHECK(os::resident_memory({}) == 0);
}

TEST_CASE("Memory that processes share is counted once when it is shared out") {
  Pipe said;
  Pipe input;
  const std::string code =
      "import os; taken = b'x' * (100 << 20); child = os.fork() or os.fork(); os.write(1, b'.'); os.read(0, 1)";
  ChildProcess child(shell("exec python3 -c \"" + code + "\"", {{input.read_end.get(), 0}, {said.write_end.get(), 1}}));
  std::string dots;
  while (dots.size() < 2) dots += read_until(said.read_end.get(), ".");
  const auto tree = os::process_tree(child.pid());
  REQUIRE(tree.size() >= 2);
  CHECK(os::resident_memory(tree) > std::uint64_t{200} << 20);
  CHECK(os::shared_out_memory(tree) < std::uint64_t{150} << 20);
  input.write_end.reset();  // all of them end
}

TEST_CASE("A process that is gone takes no memory") {
  ChildProcess child(shell("exit 0"));
  child.wait_until_zombie();
  CHECK(os::resident_memory({child.pid()}) == 0);
  CHECK(os::shared_out_memory({child.pid()}) == 0);
}

TEST_CASE("The kernel counts whom it killed for want of memory") { CHECK(os::machine_oom_kills().has_value()); }
