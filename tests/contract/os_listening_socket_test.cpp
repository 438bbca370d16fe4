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
