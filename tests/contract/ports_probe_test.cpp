#include "contract/network.hpp"
#include "os/files.hpp"
#include "ports/probe.hpp"

using devinit::Port;
using devinit::ports::probe;
using devinit::ports::Verdict;
using namespace devinit::test;

TEST_CASE("a port that nobody has is free, again and again") {
  const Network network;
  const Port port = scratch_port();
  CHECK(probe(port) == Verdict::free);
  CHECK(probe(port) == Verdict::free);
}

TEST_CASE("a listener on any address makes the port busy") {
  const Network network;
  const Port port = scratch_port();
  struct Row {
    const char* host;
    Options options;
  };
  const auto row = GENERATE(Row{"127.0.0.1", {}}, Row{"127.0.0.1", {.reuse_address = false}}, Row{"0.0.0.0", {}},
                            Row{"0.0.0.0", {.reuse_port = true}}, Row{"::1", {}}, Row{"::", {}}, Row{"::", {.v6_only = true}},
                            Row{"127.0.0.2", {}});
  const auto holder = serve(row.host, port, row.options);
  REQUIRE(holder.valid());
  CAPTURE(row.host);
  CHECK(probe(port) == Verdict::busy);
}

TEST_CASE("a bound socket without listener makes the port busy only when it excludes others") {
  const Network network;
  const Port port = scratch_port();
  const std::string host = GENERATE("0.0.0.0", "::");
  {
    const auto holder = serve(host, port, {.reuse_address = false, .listens = false});
    REQUIRE(holder.valid());
    CHECK(probe(port) == Verdict::busy);
  }
  const auto holder = serve(host, port, {.listens = false});
  REQUIRE(holder.valid());
  CHECK(probe(port) == Verdict::free);
}

TEST_CASE("closing connections of a server with SO_REUSEADDR leave the port free") {
  const Network network;
  const Port port = scratch_port();
  leave_time_wait(port, {});
  CHECK(probe(port) == Verdict::free);
}

TEST_CASE("a half-dead connection of a server with SO_REUSEADDR leaves the port free") {
  const Network network;
  const Port port = scratch_port();
  auto server = serve("127.0.0.1", port);
  const auto client = connect_to("127.0.0.1", port);
  devinit::os::UniqueFd accepted(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  accepted.reset();
  server.reset();
  CHECK(probe(port) == Verdict::free);
}

TEST_CASE("closing connections of a server without SO_REUSEADDR keep the port busy") {
  const Network network;
  const Port port = scratch_port();
  leave_time_wait(port, {.reuse_address = false});
  CHECK(probe(port) == Verdict::busy);
}

TEST_CASE("an outgoing connection that got the port keeps it busy") {
  const Network network;
  const auto server = serve("127.0.0.1", 0);
  const auto client = connect_to("127.0.0.1", local_port(server));
  REQUIRE(client.valid());
  CHECK(probe(local_port(client)) == Verdict::busy);
}

TEST_CASE("a UDP socket does not matter") {
  const Network network;
  const Port port = scratch_port();
  const auto holder = serve("::", port, {.type = SOCK_DGRAM});
  REQUIRE(holder.valid());
  CHECK(probe(port) == Verdict::free);
}

TEST_CASE("a probe never disturbs a server that starts on the same port at the same time") {
  const Network network;
  const Port port = scratch_port();
  Child prober([port](const Child::Side& side) {
    side.say('r');
    char byte = 0;
    while (::recv(side.fd(), &byte, 1, MSG_DONTWAIT) < 0) static_cast<void>(probe(port));
    return 0;
  });
  REQUIRE(prober.hear() == 'r');
  int failures = 0;
  for (int start = 0; start < 2000; ++start) failures += serve("127.0.0.1", port).valid() ? 0 : 1;
  prober.say('q');
  CHECK(prober.exit_code() == 0);
  CHECK(failures == 0);
}

TEST_CASE("a low port is privileged for an ordinary user, held or not") {
  const Network network;
  const auto start = devinit::os::read_text_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  REQUIRE(start.has_value());
  if (std::stoi(*start) <= 81) return;
  Child child([](const Child::Side&) {
    if (::getuid() == 0 && ::setuid(kNobody) != 0) return 9;
    return probe(81) == Verdict::privileged ? 0 : 1;
  });
  CHECK(child.exit_code() == 0);
}

TEST_CASE("a port that the administrator set aside is reserved when free and busy when held") {
  const Network network;
  if (!network.isolated()) return;
  const Port port = scratch_port();
  const devinit::os::UniqueFd setting(::open("/proc/sys/net/ipv4/ip_local_reserved_ports", O_WRONLY | O_CLOEXEC));
  if (!setting.valid()) return;
  const std::string text = std::to_string(port - 1) + "-" + std::to_string(port) + "\n";
  REQUIRE(::write(setting.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  CHECK(probe(port) == Verdict::reserved);
  const auto holder = serve("127.0.0.1", port);
  CHECK(probe(port) == Verdict::busy);
}
