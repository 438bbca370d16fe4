#include "supervisor/notify_socket.hpp"

#include <catch2/catch.hpp>

#include "support/probe_fixture.hpp"

namespace devinit::supervisor {
namespace {

struct Fixture {
  test::Loop loop;
  std::vector<Notification> heard;
  std::unique_ptr<NotifySocket> socket;

  explicit Fixture(std::function<bool(pid_t)> is_ours) {
    auto opened = NotifySocket::open(loop.io, std::move(is_ours), [this](const Notification& message) { heard.push_back(message); });
    REQUIRE(opened.has_value());
    socket = std::move(*opened);
  }
  /// A Python program that sends what the script says through `notify`; with `stays`, it then lives until the test ends it.
  [[nodiscard]] test::ChildProcess sender(const std::string& script, bool stays) const {
    const std::string prologue =
        "import array, os, socket, sys\n"
        "name = os.environ['NOTIFY_SOCKET']\n"
        "assert name[0] == '@'\n"
        "notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "notify.connect('\\0' + name[1:])\n";
    os::SpawnRequest request;
    request.argv = test::python(prologue + script + (stays ? "\nprint('sent', flush=True)\nsys.stdin.read()" : ""));
    request.environment = os::current_environment();
    request.environment["NOTIFY_SOCKET"] = socket->address();
    request.fds = {{keep_.read_end.get(), 0}, {said_.write_end.get(), 1}};
    return test::ChildProcess(request);
  }
  void wait_for_sender() const { (void)test::read_until(said_.read_end.get(), "sent\n"); }

 private:
  test::Pipe keep_;
  test::Pipe said_;
};

using Fields = Notification;

}  // namespace

TEST_CASE("a notification is read line by line, and what is no field is dropped") {
  CHECK(parse_notification("READY=1\nSTATUS=up = well\n") == Fields{{"READY", "1"}, {"STATUS", "up = well"}});
  CHECK(parse_notification("nonsense\n=x\n\nEMPTY=\nBAD=\xff\nLAST=1") == Fields{{"EMPTY", ""}, {"LAST", "1"}});
  CHECK(parse_notification("").empty());
}

TEST_CASE("a process of the service is heard") {
  pid_t ours = 0;
  Fixture fixture([&ours](pid_t sender) { return sender == ours; });
  const auto sender = fixture.sender("notify.send(b'READY=1\\nSTATUS=listening')", true);
  ours = sender.pid();
  fixture.loop.run_until([&] { return !fixture.heard.empty(); });
  CHECK(fixture.heard == std::vector<Notification>{{{"READY", "1"}, {"STATUS", "listening"}}});
}

TEST_CASE("a sender that has ended before it is heard counts") {
  Fixture fixture([](pid_t) { return false; });
  auto sender = fixture.sender("notify.send(b'READY=1')", false);
  CHECK(sender.wait().success());
  fixture.loop.run_until([&] { return !fixture.heard.empty(); });
}

TEST_CASE("a living process that is not of the service is not heard, nor is what has more than 4 KB") {
  pid_t ours = 0;
  Fixture fixture([&ours](pid_t sender) { return sender == ours; });
  const auto stranger = fixture.sender("notify.send(b'READY=1')", true);
  fixture.wait_for_sender();
  const auto sender = fixture.sender("notify.send(b'X=' + b'x' * 5000)\nnotify.send(b'LAST=1')", true);
  ours = sender.pid();
  fixture.loop.run_until([&] { return !fixture.heard.empty(); });
  CHECK(fixture.heard == std::vector<Notification>{{{"LAST", "1"}}});
}

TEST_CASE("a descriptor that comes with a message is closed, so that the sender's barrier falls") {
  Fixture fixture([](pid_t) { return true; });
  auto sender = fixture.sender(
      "mine, theirs = os.pipe()\n"
      "socket.send_fds(notify, [b'BARRIER=1'], [theirs])\n"
      "os.close(theirs)\n"
      "sys.exit(0 if os.read(mine, 1) == b'' else 1)",
      false);
  fixture.loop.run_until([&] { return !fixture.heard.empty(); });
  CHECK(sender.wait().success());
}

TEST_CASE("a message of another user is not heard") {
  if (::geteuid() != 0) return;
  Fixture fixture([](pid_t) { return true; });
  auto other = fixture.sender("os.setuid(65534)\nnotify.send(b'READY=1')", false);
  CHECK(other.wait().success());
  auto own = fixture.sender("notify.send(b'LAST=1')", false);
  CHECK(own.wait().success());
  fixture.loop.run_until([&] { return !fixture.heard.empty(); });
  CHECK(fixture.heard == std::vector<Notification>{{{"LAST", "1"}}});
}

TEST_CASE("who hears a message may destroy the socket") {
  test::Loop loop;
  std::unique_ptr<NotifySocket> socket;
  bool heard = false;
  auto opened = NotifySocket::open(loop.io, [](pid_t) { return true; }, [&](const Notification&) {
    heard = true;
    socket.reset();
  });
  REQUIRE(opened.has_value());
  socket = std::move(*opened);
  os::SpawnRequest request;
  request.argv = test::python("import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect('\\0' + sys.argv[1][1:]);"
                              "s.send(b'A=1'); s.send(b'B=1')",
                              socket->address());
  request.environment = os::current_environment();
  test::ChildProcess sender(request);
  loop.run_until([&] { return heard; });
  (void)sender.wait();
}

}  // namespace devinit::supervisor
