#include "supervisor/connection_drain.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "contract/network.hpp"

using namespace devinit;
using namespace devinit::supervisor;
using namespace devinit::test;

namespace {

/// A service `web` with an inherited socket; the test accepts and reads for it.
struct Web {
  Web() {
    const Port port = scratch_port();
    REQUIRE(ports.claim("web", "", port, port, 1, {}).verdict == engine::ClaimOutcome::Verdict::claimed);
    const auto made = ports.listening_socket("web", "");
    REQUIRE(made.has_value());
    listener.reset(::fcntl(*made, F_DUPFD_CLOEXEC, 0));
    held = *ports.inherited("web");
  }

  void drain() {
    drains.begin(
        "web", held, [this] { return relieved = ports.relieve("web").has_value(); }, [this] { done = true; });
  }
  [[nodiscard]] os::UniqueFd client() const {
    auto connection = connect_to("127.0.0.1", held.port);
    REQUIRE(connection.valid());
    return connection;
  }
  [[nodiscard]] os::UniqueFd accept() const { return os::UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  /// Lets the drain look `looks` times, or until it has nothing to look for.
  void look(int looks) {
    for (int i = 0; i < looks && !done; ++i) loop.run_one();
  }
  void finish() {
    while (!done) REQUIRE(loop.run_one() == 1);
  }

  static constexpr int kEnough = 10;
  const Network network;
  PortHoldings ports;
  PortHoldings::Inherited held;
  os::UniqueFd listener;
  boost::asio::io_context loop;
  ConnectionDrain drains{loop};
  bool relieved = false;
  bool done = false;
};

}  // namespace

TEST_CASE("A server with nothing to do is relieved at once and told to end soon") {
  Web web;
  web.drain();
  CHECK(web.relieved);
  CHECK_FALSE(web.done);
  web.finish();
  CHECK(web.loop.poll() == 0);
}

TEST_CASE("A server that has not read what it has accepted is not told to end before it has") {
  Web web;
  const auto client = web.client();
  const auto connection = web.accept();
  REQUIRE(::write(client.get(), "hello", 5) == 5);
  web.drain();
  web.look(Web::kEnough);
  CHECK(web.relieved);
  CHECK_FALSE(web.done);
  char text[5];
  REQUIRE(::read(connection.get(), text, sizeof text) == 5);
  web.finish();
}

TEST_CASE("A server with a queue is relieved when it has accepted it") {
  Web web;
  const auto client = web.client();
  REQUIRE(::write(client.get(), "hello", 5) == 5);
  web.drain();
  web.look(Web::kEnough);
  CHECK_FALSE(web.relieved);
  CHECK_FALSE(web.done);
  const auto connection = web.accept();
  web.look(1);
  CHECK(web.relieved);
  web.finish();
}

TEST_CASE("A server that accepts nothing keeps its socket, and its queue waits for the next run") {
  Web web;
  const auto client = web.client();
  web.drain();
  web.finish();
  CHECK_FALSE(web.relieved);
  CHECK(web.ports.inherited("web")->listener == web.held.listener);
  CHECK(web.accept().valid());
}

TEST_CASE("A server that never reads is told to end all the same") {
  Web web;
  const auto client = web.client();
  const auto connection = web.accept();
  REQUIRE(::write(client.get(), "hello", 5) == 5);
  web.drain();
  web.finish();
  CHECK(web.relieved);
}

TEST_CASE("Where no second socket can be had the server is told to end at once") {
  Web web;
  web.drains.begin("web", web.held, [] { return false; }, [&web] { web.done = true; });
  CHECK(web.done);
}

TEST_CASE("A run that has ended meanwhile is not told to end") {
  Web web;
  web.drain();
  web.drains.forget("web");
  web.loop.run();
  CHECK_FALSE(web.done);
}

TEST_CASE("What nobody has read is waited for, and so is who has just connected; an answered connection that stays open is not") {
  const Millis patience = ConnectionDrain::kFirstWords;
  CHECK(all_read({}));
  CHECK(all_read({{.inode = 1, .unread = 0, .silent = false, .quiet = Millis(0)}}));
  CHECK_FALSE(all_read({{.inode = 1, .unread = 1, .silent = false, .quiet = Millis(60'000)}}));
  CHECK_FALSE(all_read({{.inode = 1, .unread = 0, .silent = true, .quiet = patience - Millis(1)}}));
  CHECK(all_read({{.inode = 1, .unread = 0, .silent = true, .quiet = patience}}));
}
