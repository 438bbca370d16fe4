#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "os/process.hpp"
#include "os/process_table.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace std::chrono_literals;
using devinit::test::ChildProcess;
using devinit::test::Pipe;
using devinit::test::read_until;
using devinit::test::shell;
using devinit::test::TemporaryFolder;

namespace {

constexpr std::chrono::milliseconds kPatience{test::kPatienceMs};

/// A shell that has run `script`, which has to print "ready" and to end when descriptor 3 does.
struct Running {
  Pipe life;
  Pipe output;
  ChildProcess process;

  explicit Running(const std::string& script = "echo ready; read line <&3", os::SpawnRequest request = {})
      : process(with_pipes(script, std::move(request))) {
    life.read_end.reset();
    output.write_end.reset();
    CHECK(read_until(output.read_end.get(), "ready\n").ends_with("ready\n"));
  }

  os::SpawnRequest with_pipes(const std::string& script, os::SpawnRequest request) {
    request.argv = {"sh", "-c", script};
    request.environment.merge(os::current_environment());
    request.fds.emplace_back(life.read_end.get(), 3);
    request.fds.emplace_back(output.write_end.get(), 1);
    return request;
  }

  [[nodiscard]] pid_t pid() const { return process.pid(); }
};

std::vector<pid_t> sorted(std::vector<pid_t> pids) {
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::uint64_t ticks_since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>(now.tv_sec) * per_second +
         static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000U;
}

/// A child with exactly this pid that waits to be killed; -1 where the kernel does not let us choose.
pid_t fork_with_pid(pid_t pid) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
  arguments.set_tid_size = 1;
  const auto child = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (child == 0) {
    for (;;) ::pause();
  }
  return child;
}

}  // namespace

TEST_CASE("a line of the process table is read field by field") {
  const auto stat = os::parse_stat(
      "4242 (cat) S 17 4242 99 34816 4242 4194304 120 0 0 0 1 2 0 0 20 0 1 0 5550123 2400256 220 18446744073709551615\n");
  REQUIRE(stat.has_value());
  CHECK(stat->identity == os::ProcessIdentity{4242, 5550123});
  CHECK(stat->name == "cat");
  CHECK(stat->state == 'S');
  CHECK(stat->ppid == 17);
  CHECK(stat->pgid == 4242);
  CHECK(stat->sid == 99);
  CHECK_FALSE(stat->kernel_thread);
}

TEST_CASE("a process name may hold blanks, parentheses and line breaks") {
  const auto stat = os::parse_stat("7 (a) R 1 (\n) Z 3 4 5 0 -1 2097152 0 0 0 0 0 0 0 0 20 0 1 0 77 0\n");
  REQUIRE(stat.has_value());
  CHECK(stat->name == "a) R 1 (\n");
  CHECK(stat->state == 'Z');
  CHECK(stat->ppid == 3);
  CHECK(stat->identity.start_ticks == 77);
  CHECK(stat->kernel_thread);
}

TEST_CASE("a truncated line of the process table is refused") {
  const std::string line = "7 (a) Z 3 4 5 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77";
  CHECK(os::parse_stat(line).has_value());
  for (std::size_t size = 0; size < line.size() - 2; ++size) {
    CAPTURE(size);
    CHECK_FALSE(os::parse_stat(std::string_view(line).substr(0, size)).has_value());
  }
}

TEST_CASE("our own line of the process table is true") {
  const auto stat = os::process_stat(::getpid());
  REQUIRE(stat.has_value());
  CHECK(stat->identity.pid == ::getpid());
  CHECK(stat->identity.start_ticks > 0);
  CHECK(stat->identity.start_ticks <= ticks_since_boot());
  CHECK(stat->ppid == ::getppid());
  CHECK(stat->pgid == ::getpgrp());
  CHECK(stat->sid == ::getsid(0));
  CHECK(stat->state == 'R');
  CHECK_FALSE(stat->kernel_thread);
  CHECK(os::identify(::getpid()) == stat->identity);
  CHECK(os::is_alive(stat->identity));
}

TEST_CASE("there are no processes 0 and -1") {
  for (const pid_t pid : {0, -1}) {
    CHECK_FALSE(os::process_stat(pid).has_value());
    CHECK_FALSE(os::process_info(pid).has_value());
    CHECK_FALSE(os::open_pidfd({pid, 1}).has_value());
    CHECK(os::send_signal({pid, 1}, SIGKILL).value() == false);
    CHECK(os::process_tree(pid).empty());
    CHECK(os::ancestors(pid).empty());
  }
}

TEST_CASE("the boot id is a uuid and stays") {
  CHECK(os::boot_id().size() == 36);
  CHECK(os::boot_id() == os::boot_id());
}

TEST_CASE("a scan of the process table finds us, our child and process 1") {
  const Running child;
  std::vector<pid_t> pids;
  for (const auto& process : os::all_processes()) pids.push_back(process.identity.pid);
  for (const pid_t pid : {::getpid(), child.pid(), pid_t{1}}) CHECK(std::count(pids.begin(), pids.end(), pid) == 1);
}

TEST_CASE("a zombie is not alive and gets no signal") {
  ChildProcess child(shell("exit 0"));
  child.wait_until_zombie();
  CHECK(os::process_stat(child.pid()).value().state == 'Z');
  CHECK_FALSE(os::is_alive(child.identity()));
  CHECK(os::wait_for_exit(child.identity(), 0ms));
  CHECK(os::send_signal(child.identity(), SIGKILL).value() == false);
  CHECK(child.wait().code() == 0);
  CHECK_FALSE(os::is_alive(child.identity()));
  CHECK(os::wait_for_exit(child.identity(), 0ms));
  CHECK(os::send_signal(child.identity(), SIGKILL).value() == false);
}

TEST_CASE("a process whose first thread has ended is alive") {
  Pipe ready;
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    std::thread([&] {
      // Tell the parent only once the first thread is a zombie.
      while (os::process_stat(::getpid()).value().state != 'Z') ::sched_yield();
      if (::write(ready.write_end.get(), "r", 1) == 1) ::pause();
      ::_exit(1);
    }).detach();
    ::syscall(SYS_exit, 0);
  }
  ready.write_end.reset();
  ChildProcess child(pid);
  CHECK(read_until(ready.read_end.get(), "r") == "r");
  CHECK(os::process_stat(pid).value().state == 'Z');
  CHECK(os::is_alive(child.identity()));
  CHECK_FALSE(os::wait_for_exit(child.identity(), 0ms));
  CHECK(os::send_signal(child.identity(), SIGKILL).value());
  CHECK(os::wait_for_exit(child.identity(), kPatience));
  CHECK(child.wait().signal() == SIGKILL);
}

TEST_CASE("a signal reaches the process of exactly that identity") {
  Running child;
  CHECK_FALSE(os::wait_for_exit(child.process.identity(), 1ms));
  CHECK(os::send_signal(child.process.identity(), SIGTERM).value());
  CHECK(os::wait_for_exit(child.process.identity(), kPatience));
  CHECK(child.process.wait().signal() == SIGTERM);
}

TEST_CASE("a process with another start time is a stranger") {
  const Running child;
  os::ProcessIdentity stranger = child.process.identity();
  ++stranger.start_ticks;
  CHECK_FALSE(os::is_alive(stranger));
  CHECK_FALSE(os::open_pidfd(stranger).has_value());
  CHECK(os::send_signal(stranger, SIGKILL).value() == false);
  CHECK(os::wait_for_exit(stranger, kPatience));
  CHECK(os::is_alive(child.process.identity()));
}

TEST_CASE("a signal for a process that is gone never reaches the next one with its pid") {
  os::ProcessIdentity gone;
  {
    ChildProcess first(shell("exit 0"));
    gone = first.identity();
    first.wait();
  }
  while (ticks_since_boot() <= gone.start_ticks) ::sched_yield();
  const pid_t pid = fork_with_pid(gone.pid);
  if (pid < 0) {
    WARN("the kernel does not let this user choose a pid, or it is taken: " << errno);
    return;
  }
  ChildProcess successor(pid);
  CHECK(pid == gone.pid);
  CHECK(successor.identity() != gone);
  CHECK_FALSE(os::is_alive(gone));
  CHECK_FALSE(os::open_pidfd(gone).has_value());
  CHECK(os::send_signal(gone, SIGKILL).value() == false);
  CHECK(os::is_alive(successor.identity()));
}

TEST_CASE("a pidfd is close-on-exec and ends with its process") {
  Running child;
  const auto pidfd = os::open_pidfd(child.process.identity());
  REQUIRE(pidfd.has_value());
  CHECK((::fcntl(pidfd->get(), F_GETFD) & FD_CLOEXEC) != 0);
  child.life.write_end.reset();
  pollfd entry{pidfd->get(), POLLIN, 0};
  CHECK(::poll(&entry, 1, test::kPatienceMs) == 1);
}

TEST_CASE("a process tree has children and grandchildren, its root first") {
  const Running root("sh -c 'cat <&3 & cat <&3 & echo ready; wait' & cat <&3 & wait");
  const auto tree = os::process_tree(root.pid());
  REQUIRE_FALSE(tree.empty());
  CHECK(tree.front() == root.pid());
  // The shell's own cat may still be on its way when the inner shell is ready.
  CHECK(tree.size() >= 4);
  CHECK(tree.size() <= 5);
  for (const pid_t pid : tree) {
    const auto line = os::ancestors(pid);
    CHECK(std::count(line.begin(), line.end(), root.pid()) == 1);
  }
}

TEST_CASE("a scan of all processes finds the same tree") {
  const Running root("cat <&3 & sh -c 'cat <&3 & echo ready; wait' & wait");
  CHECK(sorted(os::tree_in(os::all_processes(), root.pid())) == sorted(os::process_tree(root.pid())));
}

TEST_CASE("a tree is taken from a table breadth first, whatever its order") {
  const auto process = [](pid_t pid, pid_t parent) {
    os::ProcessStat stat;
    stat.identity.pid = pid;
    stat.ppid = parent;
    return stat;
  };
  const std::vector<os::ProcessStat> table{process(5, 4), process(4, 2), process(2, 1), process(3, 1), process(1, 0)};
  CHECK(os::tree_in(table, 2) == std::vector<pid_t>{2, 4, 5});
  CHECK(os::tree_in(table, 9).empty());
  // Two reads of a table that changes meanwhile can close a circle.
  CHECK(os::tree_in({process(1, 2), process(2, 1)}, 1).size() <= 3);
}

TEST_CASE("children of every thread belong to the tree") {
  Pipe output;
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    std::thread([&] {
      // A helper of the child, so it goes with the thread that forked it.
      if (::fork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::write(output.write_end.get(), "r", 1) == 1) ::pause();
        ::_exit(1);
      }
      ::pause();
    }).join();
    ::_exit(1);
  }
  const ChildProcess root(pid);
  CHECK(read_until(output.read_end.get(), "r") == "r");
  CHECK(os::process_tree(pid).size() == 2);
}

TEST_CASE("a process without a tree is gone") {
  ChildProcess child(shell("exit 0"));
  child.wait();
  CHECK(os::process_tree(child.pid()).empty());
  CHECK(os::ancestors(child.pid()).empty());
}

TEST_CASE("ancestors lead from a process over us to the first one") {
  const Running child;
  const auto line = os::ancestors(child.pid());
  REQUIRE(line.size() >= 3);
  CHECK(line[0] == child.pid());
  CHECK(line[1] == ::getpid());
  CHECK(line[2] == ::getppid());
  CHECK(os::process_stat(line.back()).value().ppid == 0);
}

TEST_CASE("command, folder, program and user of a process are told") {
  const TemporaryFolder folder;
  os::SpawnRequest request;
  request.cwd = folder.path();
  const Running child("echo ready; read line <&3; exit", std::move(request));
  const auto info = os::process_info(child.pid());
  REQUIRE(info.has_value());
  CHECK(info->stat.identity == child.process.identity());
  CHECK(info->stat.name == "sh");
  CHECK(info->command == std::vector<std::string>{"sh", "-c", "echo ready; read line <&3; exit"});
  CHECK(info->cwd == std::filesystem::canonical(folder.path()).string());
  CHECK(info->exe == std::filesystem::canonical("/bin/sh").string());
  CHECK(info->uid == ::geteuid());
  CHECK_FALSE(info->user.empty());
  CHECK(info->age >= 0s);
}

TEST_CASE("a program that was deleted keeps its path") {
  const TemporaryFolder folder;
  std::filesystem::copy_file("/bin/sh", folder.path("tool"));
  Pipe life;
  Pipe output;
  os::SpawnRequest request = shell("", {{life.read_end.get(), 0}, {output.write_end.get(), 1}});
  request.argv = {folder.path("tool"), "-c", "echo ready; read line"};
  const ChildProcess child(request);
  CHECK(read_until(output.read_end.get(), "ready\n") == "ready\n");
  std::filesystem::remove(folder.path("tool"));
  CHECK(os::process_info(child.pid()).value().exe == std::filesystem::canonical(folder.path()).string() + "/tool");
}

TEST_CASE("a zombie still has a name, but no command") {
  const ChildProcess child(shell("exit 0"));
  child.wait_until_zombie();
  const auto info = os::process_info(child.pid());
  REQUIRE(info.has_value());
  CHECK(info->command.empty());
  CHECK(info->cwd.empty());
  CHECK(info->exe.empty());
}

TEST_CASE("one variable of a process's environment is read") {
  os::SpawnRequest request;
  request.environment = {{"FIRST", "1"}, {"FIRST_OF_ALL", "a=b c"}, {"NOTHING", ""}};
  const Running child("echo ready; read line <&3", std::move(request));
  CHECK(os::process_environment(child.pid(), "FIRST") == "1");
  CHECK(os::process_environment(child.pid(), "FIRST_OF_ALL") == "a=b c");
  CHECK(os::process_environment(child.pid(), "NOTHING") == "");
  CHECK_FALSE(os::process_environment(child.pid(), "FIRST_OF").has_value());
  CHECK_FALSE(os::process_environment(child.pid(), "").has_value());
}

TEST_CASE("a large environment is read to its end") {
  os::SpawnRequest request;
  for (int index = 0; index < 20; ++index) request.environment["A" + std::to_string(index)] = std::string(10'000, 'x');
  request.environment["ZZ_LAST"] = "found";
  const Running child("echo ready; read line <&3", std::move(request));
  CHECK(os::process_environment(child.pid(), "ZZ_LAST") == "found");
}

TEST_CASE("a child shares our namespaces, a process that is gone does not") {
  const Running child;
  CHECK(os::shares_our_namespaces(child.pid()));
  ChildProcess gone(shell("exit 0"));
  gone.wait();
  CHECK_FALSE(os::shares_our_namespaces(gone.pid()));
}

TEST_CASE("a process in another network namespace does not share ours") {
  Pipe output;
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const char answer = ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 'y' : 'n';
    if (::write(output.write_end.get(), &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  output.write_end.reset();
  const ChildProcess child(pid);
  char answer = '?';
  REQUIRE(::read(output.read_end.get(), &answer, 1) == 1);
  if (answer == 'n') {
    WARN("namespaces are not allowed here");
    return;
  }
  CHECK_FALSE(os::shares_our_namespaces(pid));
}

TEST_CASE("our environment is a map of names and values") {
  REQUIRE(::setenv("CONTRACT_TEST_VARIABLE", "a=b", 1) == 0);
  const auto environment = os::current_environment();
  CHECK(environment.at("CONTRACT_TEST_VARIABLE") == "a=b");
  ::unsetenv("CONTRACT_TEST_VARIABLE");
  CHECK(os::current_environment().count("CONTRACT_TEST_VARIABLE") == 0);
}

TEST_CASE("a container is known by the 64 digits in its control group") {
  const std::string id = "0123456789ab" + std::string(52, 'c');
  for (const std::string& text : {"0::/system.slice/docker-" + id + ".scope\n", "9:memory:/docker/" + id + "\n0::/\n",
                                  "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope\n",
                                  "0::/user.slice/user@1000.service/user.slice/libpod-" + id + ".scope/container\n"}) {
    CAPTURE(text);
    CHECK(os::container_id_in(text) == "0123456789ab");
  }
}

TEST_CASE("of nested containers the innermost counts") {
  const std::string outer(64, 'a');
  const std::string inner(64, 'b');
  CHECK(os::container_id_in("0::/docker/" + outer + "/docker/" + inner) == "bbbbbbbbbbbb");
}

TEST_CASE("other hex digits are no container") {
  CHECK(os::container_id_in("").empty());
  CHECK(os::container_id_in("0::/\n").empty());
  CHECK(os::container_id_in("0::/user.slice/user-1000.slice/session-2.scope\n").empty());
  CHECK(os::container_id_in("0::/x/" + std::string(63, 'a')).empty());
  CHECK(os::container_id_in("0::/x/" + std::string(65, 'a')).empty());
}
