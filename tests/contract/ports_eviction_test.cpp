#include "contract/network.hpp"
#include "ports/eviction.hpp"

using devinit::Errc;
using devinit::Port;
using namespace devinit::ports;
using namespace devinit::test;
using namespace std::chrono_literals;

namespace {

Holder only_holder(Port port) {
  auto holders = holders_of(port);
  REQUIRE(holders.size() == 1);
  return holders[0];
}

Holder listener_of(pid_t pid) {
  Holder holder;
  holder.kind = Holder::Kind::listener;
  holder.process = devinit::os::process_info(pid);
  REQUIRE(holder.process);
  return holder;
}

bool refused_with(const Holder& holder, const std::string& part) {
  const auto reason = eviction_refusal(holder);
  INFO(reason.value_or("(not refused)"));
  CHECK((reason && reason->find(part) != std::string::npos));
  return reason.has_value();
}

bool is_running(pid_t pid) { return ::kill(pid, 0) == 0; }

}  // namespace

TEST_CASE("an ordinary listener of ours may be evicted, and its port is free then") {
  const Network network;
  const Port port = scratch_port();
  Child listener = listener_process(port);
  const Holder holder = only_holder(port);
  CHECK_FALSE(eviction_refusal(holder));
  CHECK(evict(holder, port, 5000ms).has_value());
  CHECK(holders_of(port).empty());
  CHECK(WTERMSIG(listener.wait()) == SIGTERM);
}

TEST_CASE("a listener that ignores SIGTERM, or is stopped, is killed after the grace") {
  const Network network;
  const Port port = scratch_port();
  const bool stopped = GENERATE(false, true);
  Child listener = listener_process(port, [stopped] {
    if (!stopped) ::signal(SIGTERM, SIG_IGN);
  });
  if (stopped) ::kill(listener.pid(), SIGSTOP);
  CHECK(evict(only_holder(port), port, 20ms).has_value());
  CHECK(holders_of(port).empty());
  CHECK(WTERMSIG(listener.wait()) == SIGKILL);
}

TEST_CASE("the workers that a killed master leaves behind are ended too") {
  const Network network;
  const Port port = scratch_port();
  Child master([port](const Child::Side& side) {
    ::signal(SIGTERM, SIG_IGN);
    const auto socket = serve("127.0.0.1", port);
    const pid_t worker = ::fork();
    if (worker == 0) {
      side.say(socket.valid() ? 'r' : 'x');
      ::pause();
      ::_exit(0);
    }
    ::pause();
    return 0;
  });
  REQUIRE(master.hear() == 'r');
  CHECK(evict(only_holder(port), port, 20ms).has_value());
  CHECK(holders_of(port).empty());
  CHECK(master.hear() == '\0');  // the last of them has closed its end
}

TEST_CASE("a client of the port survives") {
  const Network network;
  const Port port = scratch_port();
  const Child listener = listener_process(port);
  Child client([port](const Child::Side& side) {
    const auto connection = connect_to("127.0.0.1", port);
    side.say(connection.valid() ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(client.hear() == 'r');
  CHECK(evict(only_holder(port), port, 5000ms).has_value());
  client.say('\x07');
  CHECK(client.exit_code() == 7);
}

TEST_CASE("a holder that is gone already leaves the port free") {
  const Network network;
  const Port port = scratch_port();
  Child listener = listener_process(port);
  const Holder holder = only_holder(port);
  ::kill(listener.pid(), SIGKILL);
  listener.wait();
  CHECK(evict(holder, port, 5000ms).has_value());
}

TEST_CASE("of two holders each is evicted for itself, and the last eviction frees the port") {
  const Network network;
  const Port port = scratch_port();
  const Child first = listener_process(port);
  const Child second = listener_process(port, {}, "::1");
  const auto holders = holders_of(port);
  REQUIRE(holders.size() == 2);
  CHECK(evict(holders[0], port, 5000ms).has_value());
  CHECK(only_holder(port).process->stat.identity.pid == second.pid());
  CHECK(evict(holders[1], port, 5000ms).has_value());
  CHECK(holders_of(port).empty());
}

TEST_CASE("a successor that listens as soon as the holder ends is named") {
  const Network network;
  const Port port = scratch_port();
  Child holder_process([port](const Child::Side& side) {
    sigset_t terminate;
    ::sigemptyset(&terminate);
    ::sigaddset(&terminate, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &terminate, nullptr);
    auto socket = serve("127.0.0.1", port);
    side.say(socket.valid() ? 'r' : 'x');
    int signal = 0;
    ::sigwait(&terminate, &signal);
    socket.reset();
    side.say('s');  // the successor may come
    return static_cast<int>(side.hear());
  });
  REQUIRE(holder_process.hear() == 'r');
  const Holder holder = only_holder(port);
  Child successor([&](const Child::Side& side) {
    if (holder_process.hear() != 's') return 9;
    const auto socket = serve("127.0.0.1", port);
    holder_process.say('\x05');
    return static_cast<int>(side.hear());
  });
  const auto evicted = evict(holder, port, 5000ms);
  REQUIRE_FALSE(evicted.has_value());
  CHECK(evicted.error().code == Errc::failed);
  CHECK(evicted.error().message.find(std::to_string(successor.pid()) + " (") != std::string::npos);
  CHECK(is_running(successor.pid()));
}

TEST_CASE("process 1, this command and its ancestors are never evicted") {
  const Network network;
  CHECK(refused_with(listener_of(1), "process 1"));
  CHECK(refused_with(listener_of(::getpid()), "this command itself"));
  const Port port = scratch_port();
  const auto socket = serve("127.0.0.1", port);
  Child descendant([port](const Child::Side&) {
    const auto holders = holders_of(port);
    // The descendant shares the socket; the topmost holder is the test.
    if (holders.size() != 1) return 1;
    const auto evicted = evict(holders[0], port, 10ms);
    if (evicted || evicted.error().code != Errc::refused) return 2;
    return evicted.error().message.find("an ancestor of this command") == std::string::npos ? 3 : 0;
  });
  CHECK(descendant.exit_code() == 0);
}

TEST_CASE("another user's process is never evicted, not even by root") {
  if (::getuid() != 0) return;
  const Network network;
  const Port port = scratch_port();
  const Child stranger = listener_process(port, [] {
    if (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(9);
  });
  CHECK(refused_with(only_holder(port), "it belongs to user "));
  const auto evicted = evict(only_holder(port), port, 10ms);
  REQUIRE_FALSE(evicted.has_value());
  CHECK(evicted.error().code == Errc::refused);
  CHECK(is_running(stranger.pid()));
}

TEST_CASE("programs on the built-in list are never evicted") {
  const Network network;
  const Port port = scratch_port();
  const char* name = GENERATE("sshd", "sshd-session", "systemd-resolve", "dockerd", "docker-proxy", "containerd-shim",
                              "rootlesskit", "tmux: server", "gnome-terminal-", "code-server", "bash");
  const Child listener = listener_process(port, [name] { ::prctl(PR_SET_NAME, name); });
  Holder holder = only_holder(port);
  if (std::string(name) == "bash") holder.process->command = {"-bash"};
  CHECK(refused_with(holder, std::string("it is ") + name));
  CHECK(is_running(listener.pid()));
}

TEST_CASE("a shell that runs a command is not a login shell, and an editor's server is known by its place") {
  const Child other([](const Child::Side& side) { return static_cast<int>(side.hear()); });
  Holder holder = listener_of(other.pid());
  holder.process->stat.name = "sh";
  holder.process->command = {"sh", "-c", "serve"};
  CHECK_FALSE(eviction_refusal(holder));
  holder.process->command = {"/bin/sh", "-i"};
  CHECK(refused_with(holder, "an interactive shell"));
  holder.process->stat.name = "node";
  holder.process->command = {"node", "server.js"};
  CHECK_FALSE(eviction_refusal(holder));
  holder.process->exe = "/home/ann/.vscode-server/bin/abc/node";
  CHECK(refused_with(holder, "an editor"));
}

TEST_CASE("kernel threads, other namespaces, leftovers, hidden holders and live services are never evicted") {
  Child other([](const Child::Side& side) {
    side.say(::unshare(CLONE_NEWNET) == 0 ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  const bool elsewhere = other.hear() == 'r';
  Holder holder = listener_of(other.pid());
  if (elsewhere) CHECK(refused_with(holder, "namespace"));
  holder.process->stat.kernel_thread = true;
  CHECK(refused_with(holder, "a part of the kernel"));
  holder.ours = Ours{"/srv/shop", "shop", "backend"};
  CHECK(refused_with(holder, "service backend of project shop"));
  CHECK(refused_with(holder, "`devinit stop backend` in /srv/shop"));
  Holder fence;
  fence.kind = Holder::Kind::fence;
  CHECK(refused_with(fence, "a running devinit"));
  CHECK(refused_with(Holder{}, "no process listens there"));
  Holder hidden;
  hidden.kind = Holder::Kind::hidden;
  hidden.uid = 33;
  CHECK(refused_with(hidden, "uid 33"));
}
