#include <catch2/catch.hpp>

#include "contract/network.hpp"
#include "os/sockets.hpp"
#include "supervisor/port_holdings.hpp"

using namespace devinit;
using namespace devinit::supervisor;
using namespace devinit::test;

namespace {

Port claimed(PortHoldings& ports, const std::string& service, const std::string& name = {}) {
  const Port port = scratch_port();
  const auto outcome = ports.claim(service, name, port, port, 1, {});
  REQUIRE(outcome.verdict == engine::ClaimOutcome::Verdict::claimed);
  return port;
}

}  // namespace

TEST_CASE("A listening socket outlives the runs of its service and refuses nobody between them") {
  const Network network;
  PortHoldings ports;
  const Port port = claimed(ports, "web");
  const auto socket = ports.listening_socket("web", "");
  REQUIRE(socket.has_value());
  CHECK(os::listeners_on(port)->front().address == "127.0.0.1");
  for (int run = 0; run < 3; ++run) {
    ports.open("web", true);
    CHECK(connect_to("127.0.0.1", port).valid());
    CHECK(ports.close("web").empty());
    CHECK(connect_to("127.0.0.1", port).valid());
    CHECK(*ports.listening_socket("web", "") == *socket);
  }
  ports.release("web");
  CHECK(os::listeners_on(port)->empty());
}

TEST_CASE("Named ports of a service that inherits its socket are its own to bind") {
  const Network network;
  PortHoldings ports;
  const Port port = claimed(ports, "web");
  const Port metrics = claimed(ports, "web", "metrics");
  REQUIRE(ports.listening_socket("web", "").has_value());
  CHECK_FALSE(serve("127.0.0.1", metrics).valid());
  ports.open("web", true);
  CHECK(serve("127.0.0.1", metrics).valid());
  CHECK_FALSE(serve("0.0.0.0", port).valid());
  CHECK(ports.close("web").empty());
}

TEST_CASE("A stranger beside the listening socket is a lost port") {
  const Network network;
  PortHoldings ports;
  const Port port = claimed(ports, "web");
  ports.open("web", true);
  const auto stranger = serve("127.0.0.1", port);
  REQUIRE(stranger.valid());
  CHECK(ports.listening_socket("web", "").error().code == Errc::busy);
  CHECK(ports.close("web") == std::vector<std::pair<std::string, Port>>{{"", port}});
}

TEST_CASE("A service without a port has nothing to inherit") {
  const Network network;
  PortHoldings ports;
  CHECK(ports.listening_socket("worker", "").error().code == Errc::failed);
  const Port metrics = claimed(ports, "named", "metrics");
  CHECK(ports.listening_socket("named", "").error().code == Errc::failed);
  CHECK(os::listeners_on(metrics)->empty());
}

TEST_CASE("A service that gives way gets no new connection, and the next run all of them") {
  const Network network;
  PortHoldings ports;
  const Port port = claimed(ports, "web");
  CHECK_FALSE(ports.inherited("web"));
  CHECK_FALSE(ports.inherited("unknown"));
  const auto first = ports.listening_socket("web", "");
  REQUIRE(first.has_value());
  const auto held = ports.inherited("web");
  REQUIRE(held);
  CHECK(held->port == port);
  REQUIRE(ports.relieve("web").has_value());
  CHECK(connect_to("127.0.0.1", port).valid());
  CHECK(ports.close("web").empty());
  const auto second = ports.listening_socket("web", "");
  REQUIRE(second.has_value());
  CHECK(ports.inherited("web")->listener != held->listener);
  CHECK(os::UniqueFd(::accept4(*second, nullptr, nullptr, SOCK_CLOEXEC)).valid());
}
