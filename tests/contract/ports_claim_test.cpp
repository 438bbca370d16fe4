#include <array>
#include <set>
#include <vector>

#include "contract/network.hpp"
#include "os/sockets.hpp"
#include "base/port_set.hpp"
#include "ports/claim.hpp"

using devinit::Port;
using namespace devinit::ports;
using namespace devinit::test;

namespace {

constexpr std::array kHosts{"127.0.0.1", "0.0.0.0", "::", "::1"};

/// How many of the usual ways to become a server on `port` succeed.
int intruders_on(Port port) {
  int count = 0;
  for (const char* host : kHosts) {
    for (const bool reuse : {true, false}) count += serve(host, port, {.reuse_address = reuse}).valid() ? 1 : 0;
  }
  return count;
}

/// The same with SO_REUSEPORT, which opens what a socket with it shares already.
int sharing_intruders_on(Port port) {
  int count = 0;
  for (const char* host : kHosts) {
    for (const bool reuse : {true, false}) {
      for (const bool v6_only : {true, false}) {
        count += serve(host, port, {.reuse_address = reuse, .reuse_port = true, .v6_only = v6_only}).valid() ? 1 : 0;
      }
    }
  }
  return count;
}

Claim claim_of(Port port) {
  auto claim = Claim::take(port);
  REQUIRE(claim.has_value());
  return std::move(*claim);
}

}  // namespace

TEST_CASE("this kernel has the semantics that fences need") {
  const Network network;
  CHECK(fence_works());
}

TEST_CASE("a closed fence keeps everybody out and an open one lets servers with SO_REUSEADDR in") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  CHECK(claim.port() == port);
  CHECK(claim.fenced());
  CHECK(intruders_on(port) == 0);
  for (int turn = 0; turn < 2; ++turn) {
    claim.open_fence();
    claim.open_fence();
    for (const char* host : kHosts) CHECK(serve(host, port).valid());
    CHECK(claim.close_fence());
    CHECK(claim.close_fence());
    CHECK(intruders_on(port) == 0);
  }
}

TEST_CASE("while the child listens behind the open fence nobody else gets its address") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  claim.open_fence();
  const auto child = serve("127.0.0.1", port);
  REQUIRE(child.valid());
  CHECK_FALSE(serve("127.0.0.1", port).valid());
  CHECK_FALSE(serve("0.0.0.0", port).valid());
  CHECK_FALSE(serve("::", port).valid());
}

TEST_CASE("between restarts the fence holds through the leftovers of the dead child, and lets its successor in") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  claim.open_fence();
  leave_time_wait(port, {});
  CHECK(claim.close_fence());
  CHECK(intruders_on(port) == 0);
  claim.open_fence();
  CHECK(serve("127.0.0.1", port).valid());
}

TEST_CASE("leftovers of a server with SO_REUSEADDR do not prevent a claim, and the fence is closed then") {
  const Network network;
  const Port port = scratch_port();
  leave_time_wait(port, {});
  Claim claim = claim_of(port);
  CHECK(intruders_on(port) == 0);
  claim.open_fence();
  CHECK(serve("127.0.0.1", port).valid());
}

TEST_CASE("leftovers of a server without SO_REUSEADDR prevent a claim") {
  const Network network;
  const Port port = scratch_port();
  leave_time_wait(port, {.reuse_address = false});
  const auto claim = Claim::take(port);
  REQUIRE_FALSE(claim.has_value());
  CHECK(claim.error() == Verdict::busy);
}

TEST_CASE("a listener on any address prevents a claim") {
  const Network network;
  const Port port = scratch_port();
  const auto stranger = serve(GENERATE("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"), port);
  const auto claim = Claim::take(port);
  REQUIRE_FALSE(claim.has_value());
  CHECK(claim.error() == Verdict::busy);
}

TEST_CASE("a stranger's bound socket prevents a claim where the kernel shows it, and is never shut out silently elsewhere") {
  const Network network;
  const Port port = scratch_port();
  const auto stranger = serve("127.0.0.1", port, {.listens = false});
  REQUIRE(stranger.valid());
  if (devinit::os::bound_inactive_sockets(port).empty()) return;
  CHECK_FALSE(Claim::take(port).has_value());
}

TEST_CASE("the token excludes a second taker while the fence is open, and is gone with its holder") {
  const Network network;
  const Port port = scratch_port();
  {
    Claim claim = claim_of(port);
    claim.open_fence();
    CHECK_FALSE(Claim::take(port).has_value());
    claim.drop_fence();
    CHECK_FALSE(claim.fenced());
    CHECK_FALSE(Claim::take(port).has_value());
  }
  CHECK(Claim::take(port).has_value());
}

TEST_CASE("a port that a child has bound by its own choice is claimed by token, and fenced once the child is gone") {
  const Network network;
  const Port port = scratch_port();
  auto child = serve("127.0.0.1", port);
  auto claim = Claim::take_token(port);
  REQUIRE(claim.has_value());
  CHECK_FALSE(claim->fenced());
  CHECK_FALSE(Claim::take_token(port).has_value());
  child.reset();
  CHECK(claim->close_fence());
  CHECK(intruders_on(port) == 0);
}

TEST_CASE("a killed holder leaves neither token nor fence") {
  const Network network;
  const Port port = scratch_port();
  Child holder([port](const Child::Side& side) {
    const auto claim = Claim::take(port);
    side.say(claim ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(holder.hear() == 'r');
  CHECK_FALSE(Claim::take(port).has_value());
  ::kill(holder.pid(), SIGKILL);
  holder.wait();
  CHECK(Claim::take(port).has_value());
}

TEST_CASE("a dropped fence is taken again unless a stranger listens meanwhile") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  claim.drop_fence();
  {
    const auto stranger = serve("127.0.0.1", port);
    REQUIRE(stranger.valid());
    CHECK_FALSE(claim.close_fence());
    CHECK_FALSE(claim.fenced());
  }
  CHECK(claim.close_fence());
  CHECK(claim.fenced());
  CHECK(intruders_on(port) == 0);
}

TEST_CASE("closing the fence tells when a stranger came in while it was open") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  claim.open_fence();
  const auto stranger = serve("::1", port);
  REQUIRE(stranger.valid());
  CHECK_FALSE(claim.close_fence());
}

TEST_CASE("the search names the busy ports it met and skips those to avoid") {
  const Network network;
  const Port first = scratch_ports(5);
  const auto at = [first](int i) { return static_cast<Port>(first + i); };
  const auto stranger = serve("127.0.0.1", at(0));
  const auto other = serve("::1", at(1));
  devinit::PortSet avoid;
  avoid.insert(at(2));
  const auto found = claim_first_free(first, 65535, 100, avoid);
  REQUIRE(found.claim);
  CHECK(found.claim->port() == at(3));
  CHECK(found.busy == std::vector<Port>{at(0), at(1)});
  CHECK_FALSE(found.privileged);
}

TEST_CASE("the search ends after its tries and at its last port") {
  const Network network;
  const Port first = scratch_ports(4);
  std::vector<devinit::os::UniqueFd> strangers;
  for (int i = 0; i < 3; ++i) strangers.push_back(serve("127.0.0.1", static_cast<Port>(first + i)));
  const auto by_tries = claim_first_free(first, 65535, 3, {});
  CHECK_FALSE(by_tries.claim);
  CHECK(by_tries.busy.size() == 3);
  const auto by_range = claim_first_free(first, static_cast<Port>(first + 2), 100, {});
  CHECK_FALSE(by_range.claim);
  CHECK(by_range.busy.size() == 3);
}

TEST_CASE("the search never wraps past the last port") {
  const Network network;
  if (!network.isolated()) return;
  const auto stranger = serve("127.0.0.1", 65535);
  REQUIRE(stranger.valid());
  const auto found = claim_first_free(65535, 65535, 100, {});
  CHECK_FALSE(found.claim);
  CHECK(found.busy == std::vector<Port>{65535});
}

TEST_CASE("the search stops at once where the ports are privileged") {
  const Network network;
  if (!network.isolated()) return;
  Child child([](const Child::Side&) {
    if (::setuid(kNobody) != 0) return 9;
    const auto found = claim_first_free(81, 65535, 100, {});
    return !found.claim && found.privileged && found.busy.empty() ? 0 : 1;
  });
  CHECK(child.exit_code() == 0);
}

TEST_CASE("64 processes that search from the same port at once get 64 distinct ports, and each can serve on its own") {
  constexpr int kStarters = 64;
  const Network network;
  const Port first = scratch_ports(kStarters);
  std::array<int, 2> gate{};
  REQUIRE(::pipe2(gate.data(), O_CLOEXEC) == 0);
  std::vector<Child> starters;
  for (int i = 0; i < kStarters; ++i) {
    starters.emplace_back([&](const Child::Side& side) {
      ::close(gate[1]);
      char byte = 0;
      static_cast<void>(!::read(gate[0], &byte, 1));  // until the gate opens for all
      auto found = claim_first_free(first, 65535, 100, {});
      const Port port = found.claim ? found.claim->port() : Port{0};
      static_cast<void>(!::write(side.fd(), &port, sizeof port));
      static_cast<void>(side.hear());  // everybody has claimed
      if (found.claim) found.claim->open_fence();
      const auto server = serve("127.0.0.1", port);
      side.say(server.valid() ? 'r' : 'x');
      static_cast<void>(side.hear());
      return 0;
    });
  }
  ::close(gate[0]);
  ::close(gate[1]);
  std::set<Port> ports;
  for (const auto& starter : starters) {
    Port port = 0;
    REQUIRE(::recv(starter.fd(), &port, sizeof port, MSG_WAITALL) == sizeof port);
    if (port != 0) ports.insert(port);
  }
  CHECK(ports.size() == kStarters);
  for (const auto& starter : starters) starter.say('g');
  int serving = 0;
  for (const auto& starter : starters) serving += starter.hear() == 'r' ? 1 : 0;
  CHECK(serving == kStarters);
}

TEST_CASE("a claim listens for its child behind a closed fence, and a second call gives the same socket") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  const auto socket = claim.listen("127.0.0.1");
  REQUIRE(socket.has_value());
  const auto listeners = devinit::os::listeners_on(port);
  REQUIRE(listeners->size() == 1);
  CHECK(listeners->front().address == "127.0.0.1");
  CHECK(intruders_on(port) == 0);
  claim.open_fence();
  CHECK(intruders_on(port) == 0);
  CHECK(claim.close_fence());
  CHECK(*claim.listen("127.0.0.1") == *socket);
  CHECK(devinit::os::listeners_on(port)->front().inode == listeners->front().inode);
  CHECK(connect_to("127.0.0.1", port).valid());  // nobody serves it yet, and nobody is refused
}

TEST_CASE("a claim listens at the address that is asked for") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  for (const char* host : {"0.0.0.0", "::1", "::", "127.0.0.1"}) {
    REQUIRE(claim.listen(host).has_value());
    const auto listeners = devinit::os::listeners_on(port);
    REQUIRE(listeners->size() == 1);
    CHECK(listeners->front().address == host);
    CHECK(connect_to(host, port).valid());
    CHECK(claim.close_fence());
    CHECK(intruders_on(port) == 0);
  }
  REQUIRE(claim.listen("localhost").has_value());
  CHECK(devinit::os::listeners_on(port)->front().address == "127.0.0.1");
  const auto nowhere = claim.listen("no address");
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().code == devinit::Errc::usage);
}

TEST_CASE("the listening socket goes with its claim") {
  const Network network;
  const Port port = scratch_port();
  {
    Claim claim = claim_of(port);
    REQUIRE(claim.listen("127.0.0.1").has_value());
  }
  CHECK(devinit::os::listeners_on(port)->empty());
  CHECK(serve("0.0.0.0", port).valid());
}

TEST_CASE("a stranger who listens already is told from our own socket") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  claim.open_fence();
  auto stranger = serve("127.0.0.1", port);
  REQUIRE(stranger.valid());
  const auto refused = claim.listen("127.0.0.1");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == devinit::Errc::busy);
  REQUIRE(claim.listen("::1").has_value());
  CHECK_FALSE(claim.close_fence());
  stranger.reset();
  CHECK(claim.close_fence());
}

TEST_CASE("a claim without a fence listens, too") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  claim.drop_fence();
  REQUIRE(claim.listen("127.0.0.1").has_value());
  CHECK(claim.close_fence());
  CHECK(connect_to("127.0.0.1", port).valid());
}

TEST_CASE("a relieved listener keeps its queue, its successor gets the rest, and no stranger who shares ports comes in") {
  const Network network;
  const std::string host = GENERATE("127.0.0.1", "0.0.0.0", "::1");
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  REQUIRE(claim.listen(host).has_value());
  for (int run = 0; run < 3; ++run) {
    const auto before = claim.listener();
    CHECK(sharing_intruders_on(port) == 0);
    REQUIRE(claim.relieve_listener().has_value());
    CHECK(claim.listener() != before);
    CHECK(devinit::os::listeners_on(port)->size() == 2);
    CHECK(sharing_intruders_on(port) == 0);
    CHECK(intruders_on(port) == 0);
    const auto client = connect_to(host, port);
    REQUIRE(client.valid());
    for (const auto& row : *devinit::os::listeners_on(port)) CHECK(row.backlog == (row.inode == before ? 0U : 1U));
    CHECK(claim.close_fence());
    const auto left = devinit::os::listeners_on(port);
    REQUIRE(left->size() == 1);
    CHECK(left->front().inode == claim.listener());
    CHECK(sharing_intruders_on(port) == 0);
    const auto socket = claim.listen(host);
    REQUIRE(socket.has_value());
    CHECK(devinit::os::UniqueFd(::accept4(*socket, nullptr, nullptr, SOCK_CLOEXEC)).valid());
  }
}

TEST_CASE("a listener is relieved once, and only where nobody else can share its address") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  CHECK(claim.listener() == 0);
  CHECK(claim.relieve_listener().error().code == devinit::Errc::failed);
  REQUIRE(claim.listen("::").has_value());
  const auto everywhere = claim.listener();
  CHECK(claim.relieve_listener().error().code == devinit::Errc::failed);
  CHECK(claim.listener() == everywhere);
  CHECK(sharing_intruders_on(port) == 0);
  REQUIRE(claim.listen("127.0.0.1").has_value());
  REQUIRE(claim.relieve_listener().has_value());
  CHECK(claim.relieve_listener().error().code == devinit::Errc::failed);
}

TEST_CASE("a relieved listener is out of the way even while a process still has it") {
  const Network network;
  const Port port = scratch_port();
  Claim claim = claim_of(port);
  const auto socket = claim.listen("127.0.0.1");
  REQUIRE(socket.has_value());
  const devinit::os::UniqueFd copy(::fcntl(*socket, F_DUPFD_CLOEXEC, 0));
  REQUIRE(claim.relieve_listener().has_value());
  CHECK(claim.close_fence());
  CHECK(devinit::os::listeners_on(port)->size() == 1);
  CHECK(::accept4(copy.get(), nullptr, nullptr, SOCK_CLOEXEC) == -1);
}
