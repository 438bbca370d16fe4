#include <filesystem>
#include <fstream>

#include "contract/network.hpp"
#include "os/unix_socket.hpp"
#include "ports/claim.hpp"
#include "ports/holder.hpp"

using devinit::Port;
using namespace devinit::ports;
using namespace devinit::test;
using Kind = Holder::Kind;

namespace {

const char* const kRoot = "/srv/shop";

void set_labels(const char* root) {
  ::setenv("DEVINIT_ROOT", root, 1);
  ::setenv("DEVINIT_PROJECT", "shop", 1);
  ::setenv("DEVINIT_SERVICE", "backend", 1);
}

/// What /proc/PID/environ shows is the memory that exec filled: a program has to be executed to have labels.
void execute_reader(const char* name, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), name);
  arguments.push_back(nullptr);
  ::execv("/bin/sh", const_cast<char**>(arguments.data()));
  ::_exit(127);
}

/// A process that has executed a shell (which waits for the end of its input) and holds `socket` on its descriptor 3.
/// `before_exec` runs in it first.
Child shell_with(const std::function<devinit::os::UniqueFd()>& make_socket, const char* name,
                 std::vector<const char*> arguments, const std::function<void(const Child::Side&)>& before_exec = {}) {
  return Child([&](const Child::Side& side) {
    const auto socket = make_socket();
    if (!socket.valid() || ::dup2(socket.get(), 3) < 0) return 9;
    if (before_exec) before_exec(side);
    ::dup2(side.fd(), 0);
    ::dup2(side.fd(), 1);
    execute_reader(name, std::move(arguments));
    return 9;
  });
}

/// A folder with a script "supervise", so that `devinit supervise --root …` is a command line that a shell can have.
class ScriptFolder {
 public:
  ScriptFolder() {
    std::string path = std::filesystem::temp_directory_path() / "ports-holder-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
    std::ofstream(path_ / "supervise") << "printf r\nread line\n";
  }
  ScriptFolder(const ScriptFolder&) = delete;
  ScriptFolder& operator=(const ScriptFolder&) = delete;
  ~ScriptFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const char* path() const { return path_.c_str(); }

 private:
  std::filesystem::path path_;
};

devinit::os::UniqueFd take_token(Port port) {
  auto token = devinit::os::bind_abstract(claim_token_name(port));
  return token ? std::move(*token) : devinit::os::UniqueFd();
}

Child supervisor_process(const ScriptFolder& folder, Port port,
                         const std::function<void(const Child::Side&)>& before_exec = {}) {
  return shell_with([port] { return take_token(port); }, "devinit", {"supervise", "--root", kRoot},
                    [&](const Child::Side& side) {
                      if (before_exec) before_exec(side);
                      static_cast<void>(!::chdir(folder.path()));
                    });
}

}  // namespace

TEST_CASE("a free port has no holder") {
  const Network network;
  const Port port = scratch_port();
  CHECK(holders_of(port).empty());
  leave_time_wait(port, {});
  CHECK(holders_of(port).empty());
}

TEST_CASE("a listener is its process with all its sockets, and clients are no holders") {
  const Network network;
  const Port port = scratch_port();
  Child child([port](const Child::Side& side) {
    const auto v4 = serve("127.0.0.1", port);
    const auto v6 = serve("::1", port);
    side.say(v4.valid() && v6.valid() ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(child.hear() == 'r');
  const auto client = connect_to("127.0.0.1", port);
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 1);
  CHECK(holders[0].kind == Kind::listener);
  REQUIRE(holders[0].process);
  CHECK(holders[0].process->stat.identity.pid == child.pid());
  CHECK(holders[0].uid == ::geteuid());
  REQUIRE(holders[0].sockets.size() == 2);
  CHECK(holders[0].sockets[0].address == "127.0.0.1");
  CHECK(holders[0].sockets[1].address == "::1");
  CHECK_FALSE(holders[0].ours);
  CHECK(describe(holders[0]).starts_with(std::to_string(child.pid()) + " ("));
}

TEST_CASE("two processes on two addresses of a port are two holders") {
  const Network network;
  const Port port = scratch_port();
  const auto first = listener_process(port);
  const auto second = listener_process(port, {}, "::1");
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 2);
  CHECK(holders[0].process->stat.identity.pid == first.pid());
  CHECK(holders[1].process->stat.identity.pid == second.pid());
}

TEST_CASE("of processes that share a listener the topmost one is the holder") {
  const Network network;
  const Port port = scratch_port();
  Child master([port](const Child::Side& side) {
    ::setpgid(0, 0);  // as shells and guardians start a server
    const auto socket = serve("127.0.0.1", port);
    const Child worker([](const Child::Side& inner) {
      inner.say('r');
      return static_cast<int>(inner.hear());
    });
    side.say(socket.valid() ? worker.hear() : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(master.hear() == 'r');
  for (const auto search : {Search::all, Search::youngest}) {
    const auto holders = holders_of(port, search);
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].process->stat.identity.pid == master.pid());
    CHECK(holders[0].sockets.size() == 1);
  }
}

TEST_CASE("workers whose master has let go are all found, also by a search that begins with the youngest") {
  const Network network;
  const Port port = scratch_port();
  Child master([port](const Child::Side& side) {
    auto socket = serve("127.0.0.1", port);
    const auto waits = [](const Child::Side& inner) {
      inner.say('r');
      return static_cast<int>(inner.hear());
    };
    const Child first(waits);
    const Child second(waits);
    const bool both = first.hear() == 'r' && second.hear() == 'r';
    socket.reset();
    side.say(both ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(master.hear() == 'r');
  CHECK(holders_of(port, Search::all).size() == 2);
  CHECK(holders_of(port, Search::youngest).size() == 2);
}

TEST_CASE("the holders of many ports are found by one look, and free ports have none") {
  const Network network;
  const Port one = scratch_ports(3);
  const auto first = listener_process(one);
  const auto second = listener_process(static_cast<Port>(one + 1));
  devinit::PortSet ports;
  ports.insert(devinit::PortRange{one, static_cast<Port>(one + 2)});
  const auto holders = listening_holders(ports);
  REQUIRE(holders.size() == 2);
  CHECK(holders.at(one).front().process->stat.identity.pid == first.pid());
  CHECK(holders.at(static_cast<Port>(one + 1)).front().process->stat.identity.pid == second.pid());
  CHECK(listening_holders({}).empty());
}

TEST_CASE("a socket without listener and closing connections are leftovers") {
  const Network network;
  const Port port = scratch_port();
  {
    const auto bound = serve("127.0.0.1", port, {.reuse_address = false, .listens = false});
    const auto holders = holders_of(port);
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].kind == Kind::leftovers);
  }
  leave_time_wait(port, {.reuse_address = false});
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 1);
  CHECK(holders[0].kind == Kind::leftovers);
  CHECK(describe(holders[0]) == "closing connections (free within 60 s)");
}

TEST_CASE("a fence is held by the process that has the token") {
  const Network network;
  const Port port = scratch_port();
  const auto claim = Claim::take(port);
  REQUIRE(claim.has_value());
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 1);
  CHECK(holders[0].kind == Kind::fence);
  REQUIRE(holders[0].process);
  CHECK(holders[0].process->stat.identity.pid == ::getpid());
}

TEST_CASE("a fence of a supervisor is ours, by the root on its command line") {
  const Network network;
  const ScriptFolder folder;
  const Port port = scratch_port();
  const Child supervisor = supervisor_process(folder, port);
  REQUIRE(supervisor.hear() == 'r');
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 1);
  CHECK(holders[0].kind == Kind::fence);
  CHECK(holders[0].process->stat.identity.pid == supervisor.pid());
  REQUIRE(holders[0].ours);
  CHECK(holders[0].ours->root == kRoot);
  CHECK(holders[0].ours->project == "shop");
}

TEST_CASE("a descendant of a supervisor is ours even when it has overwritten its environment") {
  const Network network;
  const ScriptFolder folder;
  const Port port = scratch_port();
  const Child supervisor = supervisor_process(folder, port, [port](const Child::Side& side) {
    if (::fork() != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto socket = serve("127.0.0.1", port);
    side.say(socket.valid() ? 'r' : 'x');
    ::pause();
    ::_exit(0);
  });
  // One byte of the supervisor's script, one of the descendant that listens.
  REQUIRE(supervisor.hear() == 'r');
  REQUIRE(supervisor.hear() == 'r');
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 1);
  CHECK(holders[0].kind == Kind::listener);
  REQUIRE(holders[0].ours);
  CHECK(holders[0].ours->root == kRoot);
}

TEST_CASE("labels in the environment count while the supervisor of that root holds the token") {
  const Network network;
  const ScriptFolder folder;
  const Port port = scratch_port();
  const auto labelled_listener = [port](const char* root) {
    Child child = shell_with([port] { return serve("127.0.0.1", port); }, "sh", {"-c", "printf r; read line"},
                             [root](const Child::Side&) { set_labels(root); });
    REQUIRE(child.hear() == 'r');
    return child;
  };
  SECTION("an orphan with labels and no supervisor belongs to nobody") {
    const auto orphan = labelled_listener(kRoot);
    const auto holders = holders_of(port);
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].kind == Kind::listener);
    CHECK_FALSE(holders[0].ours);
  }
  SECTION("with its supervisor alive it is that service") {
    const Child supervisor = supervisor_process(folder, port);
    REQUIRE(supervisor.hear() == 'r');
    const auto service = labelled_listener(kRoot);
    const auto holders = holders_of(port);
    REQUIRE(holders.size() == 1);
    REQUIRE(holders[0].ours);
    CHECK(holders[0].ours->project == "shop");
    CHECK(holders[0].ours->service == "backend");
    CHECK(describe(holders[0]).ends_with(", ours: project shop, service backend"));
  }
  SECTION("labels of another root are not made true by that supervisor") {
    const Child supervisor = supervisor_process(folder, port);
    REQUIRE(supervisor.hear() == 'r');
    const auto stranger = labelled_listener("/srv/other");
    const auto holders = holders_of(port);
    REQUIRE(holders.size() == 1);
    CHECK_FALSE(holders[0].ours);
  }
}

TEST_CASE("another user's listener is hidden from an ordinary user, who learns its uid") {
  if (::getuid() != 0) return;
  const Network network;
  const Port port = scratch_port();
  const auto stranger = listener_process(port);
  Child viewer([port](const Child::Side&) {
    if (::setuid(kNobody) != 0) return 9;
    const auto holders = holders_of(port);
    if (holders.size() != 1 || holders[0].kind != Kind::hidden || holders[0].uid != 0 || holders[0].process) return 1;
    return describe(holders[0]) == "a process of uid 0 (name unknown: needs root)" ? 0 : 2;
  });
  CHECK(viewer.exit_code() == 0);
}
