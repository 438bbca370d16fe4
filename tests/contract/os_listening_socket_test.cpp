#include "os/listening_socket.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <vector>

#include "contract/network.hpp"

using namespace devinit;
using namespace devinit::test;

namespace {

/// The largest backlog that this kernel allows.
int longest_queue() {
  const os::UniqueFd file(::open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC));
  char text[32] = {};
  REQUIRE(::read(file.get(), text, sizeof text - 1) > 0);
  return std::stoi(text);
}

/// Takes everything that waits.
int accepted_by(const os::UniqueFd& listener) {
  REQUIRE(::fcntl(listener.get(), F_SETFL, O_NONBLOCK) == 0);
  int count = 0;
  while (os::UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid()) ++count;
  return count;
}

std::vector<os::UniqueFd> twenty_clients(const std::string& host, Port port) {
  std::vector<os::UniqueFd> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(connect_to(host, port));
    REQUIRE(clients.back().valid());
  }
  return clients;
}

}  // namespace

TEST_CASE("Connections wait in the queue of a listening socket until somebody serves it") {
  const Network network;
  const auto socket = os::listen_tcp("127.0.0.1", 0);
  REQUIRE(socket.has_value());
  const int count = std::min(300, longest_queue());
  std::vector<os::UniqueFd> waiting;
  for (int i = 0; i < count; ++i) {
    waiting.push_back(connect_to("127.0.0.1", local_port(*socket)));
    REQUIRE(waiting.back().valid());
  }
  for (int i = 0; i < count; ++i) CHECK(os::UniqueFd(::accept4(socket->get(), nullptr, nullptr, SOCK_CLOEXEC)).valid());
}

TEST_CASE("Every address takes IPv4 as well, and a single one nothing else") {
  const Network network;
  const auto any = os::listen_tcp("::", 0);
  REQUIRE(any.has_value());
  CHECK(connect_to("127.0.0.1", local_port(*any)).valid());
  CHECK(connect_to("::1", local_port(*any)).valid());
  const auto one = os::listen_tcp("127.0.0.1", 0);
  CHECK_FALSE(connect_to("127.0.0.2", local_port(*one)).valid());
}

TEST_CASE("A port that somebody listens on is busy, and a name is no address") {
  const Network network;
  const auto first = os::listen_tcp("127.0.0.1", 0);
  const auto second = os::listen_tcp("127.0.0.1", local_port(*first));
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::busy);
  CHECK(second.error().message.find(std::to_string(local_port(*first))) != std::string::npos);
  CHECK(os::listen_tcp("example.org", 0).error().code == Errc::usage);
}

TEST_CASE("A second socket gets every new connection, and the first one keeps what waits for it") {
  const Network network;
  const std::string host = GENERATE("127.0.0.1", "0.0.0.0", "::1");
  auto listener = os::listen_tcp(host, 0);
  REQUIRE(listener.has_value());
  const Port port = local_port(*listener);
  for (int turn = 0; turn < 3; ++turn) {
    const auto early = twenty_clients(host, port);
    auto heir = os::listen_instead_of(*listener);
    REQUIRE(heir.has_value());
    CHECK(local_port(*heir) == port);
    const auto late = twenty_clients(host, port);
    CHECK(accepted_by(*listener) == 20);
    CHECK(accepted_by(*heir) == 20);
    os::retire_listener(*listener, *heir);
    const auto later = twenty_clients(host, port);
    CHECK(accepted_by(*heir) == 20);
    CHECK(accepted_by(*listener) == 0);  // nobody listens with it, though it is still open
    *listener = std::move(*heir);
  }
}

TEST_CASE("At every address of both families there is no second socket, and the first one goes on") {
  const Network network;
  const auto listener = os::listen_tcp("::", 0);
  REQUIRE(listener.has_value());
  const Port port = local_port(*listener);
  const auto heir = os::listen_instead_of(*listener);
  REQUIRE_FALSE(heir.has_value());
  CHECK(heir.error().code == Errc::failed);
  CHECK_FALSE(serve("::", port, {.reuse_port = true}).valid());
  const auto clients = twenty_clients("127.0.0.1", port);
  CHECK(accepted_by(*listener) == 20);
}

TEST_CASE("A second socket brings in nobody who shares ports, neither beside it nor after it") {
  const Network network;
  const std::string host = GENERATE("127.0.0.1", "0.0.0.0", "::1");
  const auto listener = os::listen_tcp(host, 0);
  REQUIRE(listener.has_value());
  const Port port = local_port(*listener);
  const auto heir = os::listen_instead_of(*listener);
  REQUIRE(heir.has_value());
  os::retire_listener(*listener, *heir);
  for (const bool reuse_address : {true, false}) {
    CHECK_FALSE(serve(host, port, {.reuse_address = reuse_address, .reuse_port = true}).valid());
  }
}
