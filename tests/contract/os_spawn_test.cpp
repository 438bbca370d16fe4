#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "os/spawn.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using devinit::test::ChildProcess;
using devinit::test::Pipe;
using devinit::test::read_to_end;
using devinit::test::read_until;
using devinit::test::shell;
using devinit::test::TemporaryFolder;

namespace {

/// Runs to the end and returns what it wrote to its stdout.
std::string output_of(os::SpawnRequest request) {
  Pipe output;
  request.fds.emplace_back(output.write_end.get(), 1);
  ChildProcess child(request);
  output.write_end.reset();
  std::string text = read_to_end(output.read_end.get());
  CHECK(child.wait().success());
  return text;
}

Error failure_of(const os::SpawnRequest& request) {
  auto result = os::spawn(request);
  REQUIRE_FALSE(result.has_value());
  // Whatever was started for the attempt has been reaped: the test has no child left.
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
  return result.error();
}

os::SpawnRequest command(std::vector<std::string> argv) {
  os::SpawnRequest request;
  request.argv = std::move(argv);
  request.environment = os::current_environment();
  return request;
}

/// A process that spawns `request`, says on `said` the child's number, and is killed; the child's number.
pid_t spawn_and_die(os::SpawnRequest request, Pipe& said) {
  const pid_t parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    const auto child = os::spawn(request);
    const auto text = std::to_string(child ? child->identity.pid : 0) + "\n";
    static_cast<void>(::write(said.write_end.get(), text.data(), text.size()));
    ::raise(SIGKILL);
  }
  ::waitpid(parent, nullptr, 0);
  return static_cast<pid_t>(std::stol(read_until(said.read_end.get(), "\n")));
}

/// The open descriptors of a process with the inode behind each.
std::map<int, ino_t> descriptors_of(pid_t pid) {
  std::map<int, ino_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    struct stat status {};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    found[std::stoi(entry.path().filename())] = status.st_ino;
  }
  return found;
}

ino_t inode_of(int fd) {
  struct stat status {};
  REQUIRE(::fstat(fd, &status) == 0);
  return status.st_ino;
}

std::string status_line(pid_t pid, const std::string& label) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(label)) return line.substr(label.size());
  }
  return "absent";
}

int count_open_descriptors() { return static_cast<int>(descriptors_of(::getpid()).size()); }

/// A child that has started, tells so, and lives until its input ends.
struct WaitingChild {
  Pipe input;
  Pipe output;
  ChildProcess process;

  explicit WaitingChild(os::SpawnRequest request) : process(with_pipes(std::move(request))) {
    output.write_end.reset();
    input.read_end.reset();
    CHECK(read_until(output.read_end.get(), "ready") == "ready\n");
  }

  os::SpawnRequest with_pipes(os::SpawnRequest request) {
    request.argv = {"sh", "-c", "echo ready; read line"};
    request.environment = os::current_environment();
    request.fds.emplace_back(input.read_end.get(), 0);
    request.fds.emplace_back(output.write_end.get(), 1);
    return request;
  }
};

}  // namespace

TEST_CASE("a child that is to die with its parent is killed, whatever it ignores") {
  Pipe said;
  Pipe life;
  auto request = command({"/bin/sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1000 3>&-; done"});
  request.fds = {{life.write_end.get(), 3}};
  request.dies_with_us = true;
  CHECK(spawn_and_die(request, said) > 0);
  life.write_end.reset();
  CHECK(read_to_end(life.read_end.get()).empty());  // the end of file is its end
}

TEST_CASE("a command is found in PATH of the given environment and gets exactly that environment") {
  os::SpawnRequest request = command({"env"});
  request.environment = {{"PATH", "/nowhere::/usr/bin:/bin"}, {"NAME", "two words = one value"}, {"EMPTY", ""}};
  const std::string text = output_of(request);
  std::istringstream lines(text);
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) seen.insert(line);
  CHECK(seen == std::set<std::string>{"PATH=/nowhere::/usr/bin:/bin", "NAME=two words = one value", "EMPTY="});
}

TEST_CASE("arguments arrive unchanged") {
  CHECK(output_of(command({"printf", "[%s]", "", "a b", "$HOME", "\xc3\xa4\n"})) == "[][a b][$HOME][\xc3\xa4\n]");
}

TEST_CASE("the identity and the pidfd are those of the child") {
  WaitingChild child({});
  CHECK(os::identify(child.process.pid()) == child.process.identity());
  pollfd entry{child.process.pidfd(), POLLIN, 0};
  CHECK(::poll(&entry, 1, 0) == 0);
  CHECK((::fcntl(child.process.pidfd(), F_GETFD) & FD_CLOEXEC) != 0);
  child.input.write_end.reset();
  CHECK(::poll(&entry, 1, test::kPatienceMs) == 1);
}

TEST_CASE("a missing command is named, with the places that were searched") {
  os::SpawnRequest request = command({"no-such-command-here"});
  request.environment["PATH"] = "/usr/bin:/bin";
  const Error error = failure_of(request);
  CHECK(error.code == Errc::not_found);
  CHECK(error.message == "command not found: no-such-command-here");
  CHECK(error.hint == "looked in /usr/bin:/bin");
}

TEST_CASE("a missing path is named in full") {
  const TemporaryFolder folder;
  os::SpawnRequest request = command({"./run.sh"});
  request.cwd = folder.path();
  const Error error = failure_of(request);
  CHECK(error.code == Errc::not_found);
  CHECK(error.message == "command not found: " + folder.path("./run.sh") + " does not exist");
}

TEST_CASE("a file without execute permission is told from a missing one") {
  const TemporaryFolder folder;
  const std::string path = folder.write("tool", "#!/bin/sh\n", 0644);
  for (const std::string& name : {path, std::string("tool")}) {
    os::SpawnRequest request = command({name});
    request.environment["PATH"] = folder.path();
    const Error error = failure_of(request);
    CHECK(error.code == Errc::io);
    CHECK(error.message == "cannot run " + name + ": " + path + " is not executable");
    CHECK(error.hint == "chmod +x " + path);
  }
}

TEST_CASE("a folder is no command") {
  const TemporaryFolder folder;
  const Error error = failure_of(command({folder.path()}));
  CHECK(error.code == Errc::io);
  CHECK(error.message == "cannot run " + folder.path() + ": " + folder.path() + " is not a file");
}

TEST_CASE("a missing interpreter is named, not called a missing command") {
  const TemporaryFolder folder;
  const std::string path = folder.write("tool", "#! /nowhere/python9 -u\n", 0755);
  const Error error = failure_of(command({path}));
  CHECK(error.code == Errc::not_found);
  CHECK(error.message == "cannot run " + path + ": its interpreter /nowhere/python9 does not exist");
}

TEST_CASE("a script with Windows line endings is recognised") {
  const TemporaryFolder folder;
  const std::string path = folder.write("tool", "#!/bin/sh\r\necho hello\r\n", 0755);
  const Error error = failure_of(command({path}));
  CHECK(error.message == "cannot run " + path + ": its first line ends with a carriage return");
}

TEST_CASE("a binary of another kind is no program for this machine") {
  const TemporaryFolder folder;
  const std::string path = folder.write("tool",
                                        std::string("\x7f"
                                                    "ELF\0\0\0\0\0\0\0\0",
                                                    12),
                                        0755);
  const Error error = failure_of(command({path}));
  CHECK(error.code == Errc::io);
  CHECK(error.message == "cannot run " + path + ": " + path + " is no program for this machine");
}

TEST_CASE("a missing or unusable folder is named before the command") {
  const TemporaryFolder folder;
  os::SpawnRequest request = command({"./run"});
  request.cwd = folder.path("gone");
  Error error = failure_of(request);
  CHECK(error.code == Errc::not_found);
  CHECK(error.message == "cannot enter the folder " + folder.path("gone") + ": it does not exist");

  request.cwd = folder.write("file", "");
  error = failure_of(request);
  CHECK(error.code == Errc::io);
  CHECK(error.message == "cannot enter the folder " + folder.path("file") + ": Not a directory");
}

TEST_CASE("too long arguments are an error of the start") {
  const Error error = failure_of(command({"true", std::string(std::size_t{1} << 20, 'x')}));
  CHECK(error.code == Errc::io);
  CHECK(error.message == "cannot run true: Argument list too long");
}

TEST_CASE("a descriptor that is not open is an error of the start") {
  os::SpawnRequest request = command({"true"});
  // A high number: the next descriptor that anybody opens is a low one.
  request.fds = {{900, 3}};
  const Error error = failure_of(request);
  CHECK(error.message == "cannot hand over the file descriptors of true: Bad file descriptor");
}

TEST_CASE("failed and successful starts leak no descriptor") {
  const int before = count_open_descriptors();
  (void)os::spawn(command({"no-such-command-here"}));
  const TemporaryFolder folder;
  (void)os::spawn(command({folder.write("tool", "#!/nowhere/x\n", 0755)}));
  ChildProcess(command({"true"})).wait();
  CHECK(count_open_descriptors() == before);
}

TEST_CASE("a script without an interpreter line is run by the shell") {
  const TemporaryFolder folder;
  folder.write("tool", "echo \"$0 $1 $#\"\n", 0755);
  os::SpawnRequest request = command({"./tool", "first", "second"});
  request.cwd = folder.path();
  CHECK(output_of(request) == "./tool first 2\n");
}

TEST_CASE("a relative command and PATH are relative to the folder of the child") {
  const TemporaryFolder folder;
  folder.write("tool", "#!/bin/sh\npwd -P\n", 0755);
  const std::string here = std::filesystem::canonical(folder.path()).string() + "\n";
  os::SpawnRequest request = command({"./tool"});
  request.cwd = folder.path();
  CHECK(output_of(request) == here);
  request.argv = {"tool"};
  request.environment["PATH"] = ":/usr/bin:/bin";
  CHECK(output_of(request) == here);
}

TEST_CASE("the child has the standard descriptors and the named ones, nothing else") {
  const Pipe extra;
  const os::UniqueFd inheritable(::open("/dev/null", O_RDONLY));  // deliberately not close-on-exec
  os::SpawnRequest request;
  request.fds = {{extra.read_end.get(), 7}};
  const WaitingChild child(std::move(request));
  const auto found = descriptors_of(child.process.pid());
  std::set<int> numbers;
  for (const auto& [fd, inode] : found) numbers.insert(fd);
  CHECK(numbers == std::set<int>{0, 1, 2, 7});
  CHECK(found.at(7) == inode_of(extra.read_end.get()));
}

TEST_CASE("standard descriptors that are not named lead to /dev/null") {
  CHECK(output_of(shell("cat; readlink /proc/self/fd/0 /proc/self/fd/2")) == "/dev/null\n/dev/null\n");
}

TEST_CASE("descriptors that trade places do not overwrite one another") {
  std::map<int, os::UniqueFd> sources;
  std::vector<int> numbers;
  for (int index = 0; index < 3; ++index) {
    os::UniqueFd fd(::memfd_create("trade", MFD_CLOEXEC));
    REQUIRE(fd.valid());
    numbers.push_back(fd.get());
    sources.emplace(fd.get(), std::move(fd));
  }
  os::SpawnRequest request;
  request.fds = {{numbers[0], numbers[1]}, {numbers[1], numbers[2]}, {numbers[2], numbers[0]}, {numbers[0], 40}, {40, 41}};
  const os::UniqueFd forty(::fcntl(numbers[1], F_DUPFD_CLOEXEC, 40));
  request.fds[4].first = forty.get();
  const WaitingChild child(std::move(request));
  const auto found = descriptors_of(child.process.pid());
  CHECK(found.at(numbers[1]) == inode_of(numbers[0]));
  CHECK(found.at(numbers[2]) == inode_of(numbers[1]));
  CHECK(found.at(numbers[0]) == inode_of(numbers[2]));
  CHECK(found.at(40) == inode_of(numbers[0]));
  CHECK(found.at(41) == inode_of(numbers[1]));
}

TEST_CASE("a descriptor may keep its number although it is close-on-exec here") {
  const Pipe pipe;
  os::SpawnRequest request;
  request.fds = {{pipe.read_end.get(), pipe.read_end.get()}};
  const WaitingChild child(std::move(request));
  CHECK(descriptors_of(child.process.pid()).at(pipe.read_end.get()) == inode_of(pipe.read_end.get()));
}

TEST_CASE("blocked and ignored signals and handlers are not inherited, and come back here") {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGTERM);
  REQUIRE(::sigprocmask(SIG_BLOCK, &blocked, &before) == 0);
  const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
  const auto old_int = ::signal(SIGINT, SIG_IGN);
  const auto old_hup = ::signal(SIGHUP, [](int) {});
  {
    // cat and not a shell, which handles signals of its own.
    Pipe input;
    Pipe output;
    os::SpawnRequest request = command({"cat"});
    request.fds = {{input.read_end.get(), 0}, {output.write_end.get(), 1}};
    const ChildProcess child(request);
    REQUIRE(::write(input.write_end.get(), "x", 1) == 1);
    CHECK(read_until(output.read_end.get(), "x") == "x");
    for (const char* label : {"SigBlk:\t", "SigIgn:\t", "SigCgt:\t"}) {
      CAPTURE(label);
      CHECK(status_line(child.pid(), label) == "0000000000000000");
    }
  }
  sigset_t after;
  REQUIRE(::sigprocmask(SIG_SETMASK, &before, &after) == 0);
  CHECK(sigismember(&after, SIGUSR1) == 1);
  CHECK(sigismember(&after, SIGHUP) == 0);
  CHECK(::signal(SIGPIPE, old_pipe) == SIG_IGN);
  CHECK(::signal(SIGINT, old_int) == SIG_IGN);
  CHECK(::signal(SIGHUP, old_hup) != SIG_DFL);
}

TEST_CASE("a child shares session and group unless it asks for its own") {
  const auto ours = os::process_stat(::getpid()).value();
  os::SpawnRequest request;
  SECTION("shared") {
    const WaitingChild child(request);
    const auto stat = os::process_stat(child.process.pid()).value();
    CHECK(stat.ppid == ::getpid());
    CHECK(stat.pgid == ours.pgid);
    CHECK(stat.sid == ours.sid);
  }
  SECTION("own group") {
    request.new_group = true;
    const WaitingChild child(request);
    const auto stat = os::process_stat(child.process.pid()).value();
    CHECK(stat.pgid == child.process.pid());
    CHECK(stat.sid == ours.sid);
  }
  SECTION("own session, which is an own group, too") {
    request.new_session = true;
    request.new_group = GENERATE(false, true);
    const WaitingChild child(request);
    const auto stat = os::process_stat(child.process.pid()).value();
    CHECK(stat.pgid == child.process.pid());
    CHECK(stat.sid == child.process.pid());
  }
}

TEST_CASE("an open file is run by its descriptor, even from memory and close-on-exec") {
  const std::string path = os::find_executable("echo", os::current_environment());
  REQUIRE_FALSE(path.empty());
  const os::UniqueFd memory(::memfd_create("program", MFD_CLOEXEC));
  std::ifstream file(path, std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(::write(memory.get(), image.data(), image.size()) == static_cast<ssize_t>(image.size()));
  os::SpawnRequest request = command({"neutral-name", "from", "memory"});
  request.executable = memory.get();
  request.fds = {{memory.get(), 30}};
  CHECK(output_of(request) == "from memory\n");
}

TEST_CASE("a descriptor that is no program is an error of the start") {
  const os::UniqueFd memory(::memfd_create("text", MFD_CLOEXEC));
  REQUIRE(::write(memory.get(), "hello\n", 6) == 6);
  os::SpawnRequest request = command({"hello"});
  request.executable = memory.get();
  const Error error = failure_of(request);
  CHECK(error.code == Errc::io);
  CHECK(error.message.starts_with("cannot run hello from its descriptor: "));
}

TEST_CASE("the end of a pipe is seen as soon as the child has ended, however often one starts") {
  // The parent's write end is the only other one: a copy that leaked into a sibling would keep the pipe open.
  Pipe idle_input;
  os::SpawnRequest idle = command({"cat"});
  idle.fds = {{idle_input.read_end.get(), 0}};
  for (int round = 0; round < 20; ++round) {
    Pipe output;
    const ChildProcess sibling(idle);
    ChildProcess child(shell("echo done", {{output.write_end.get(), 1}}));
    output.write_end.reset();
    CHECK(read_to_end(output.read_end.get()) == "done\n");
    CHECK(child.wait().success());
  }
}

TEST_CASE("find_executable follows PATH, skips what cannot run, and leaves paths alone") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("a/tool"));
  std::filesystem::create_directories(folder.path("b"));
  std::filesystem::create_directories(folder.path("c"));
  folder.write("b/tool", "", 0644);
  folder.write("c/tool", "", 0755);
  const os::Environment environment{{"PATH", folder.path("a") + ":" + folder.path("b") + ":" + folder.path("c")}};
  CHECK(os::find_executable("tool", environment) == folder.path("c/tool"));
  CHECK(os::find_executable("c/tool", environment, folder.path()) == "c/tool");
  CHECK(os::find_executable("b/tool", environment, folder.path()).empty());
  CHECK(os::find_executable("tool", {{"PATH", "c"}}, folder.path()) == "c/tool");
  CHECK(os::find_executable("tool", {{"PATH", ""}}, folder.path("c")) == "./tool");
  CHECK(os::find_executable("", environment).empty());
  CHECK(os::find_executable("sh", {}).ends_with("/bin/sh"));
}
