// A client and a server that has the connection but says nothing, as a stopped process does.
#include "api/client.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/readable.hpp"
#include "os/unix_socket.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::api {
namespace {

using std::chrono::milliseconds;

struct SilentServer {
  SilentServer() : listening(std::move(*os::listen_unix(folder / "s"))), cancel(std::move(*os::make_pipe())) {}

  [[nodiscard]] Client client() const { return Client(std::move(*os::connect_unix(folder / "s")).release()); }
  void press() const { REQUIRE(::write(cancel.write_end.get(), "x", 1) == 1); }

  test::TemporaryFolder folder;
  os::UniqueFd listening;
  os::Pipe cancel;
};

/// `start` with an environment larger than what a socket takes without a reader, or small.
Request request_of_size(std::size_t size) {
  Request request;
  request.op = Request::Op::start;
  request.environment["LARGE"] = std::string(size, 'x');
  return request;
}

}  // namespace

TEST_CASE("a client gives up on a server that says nothing, while it writes and while it reads") {
  const SilentServer server;
  const std::size_t size = GENERATE(1U, 4U << 20);
  auto client = server.client();
  const auto sent = client.send(request_of_size(size), {.limit = milliseconds(20)});
  REQUIRE(sent.has_error());
  CHECK(sent.error().code == Errc::timeout);
}

TEST_CASE("a client's wait ends when it is cancelled, and what cancelled it is left to read") {
  const SilentServer server;
  const std::size_t size = GENERATE(1U, 4U << 20);
  auto client = server.client();
  server.press();
  const auto sent = client.send(request_of_size(size), {.cancel_fd = server.cancel.read_end.get()});
  REQUIRE(sent.has_error());
  CHECK(sent.error().code == Errc::interrupted);
  CHECK(os::wait_readable({server.cancel.read_end.get()}, milliseconds(0))[0]);
}

TEST_CASE("who waits may be asked first, and go on") {
  const SilentServer server;
  auto client = server.client();
  int presses = 0;
  const auto obey = [&]() -> Result<> {
    REQUIRE(os::read_some(server.cancel.read_end.get()).has_value());
    if (++presses == 2) return Error(Errc::refused, "enough");
    server.press();
    return {};
  };
  server.press();
  const auto sent = client.send(request_of_size(1), {.cancel_fd = server.cancel.read_end.get(), .on_cancel = obey});
  REQUIRE(sent.has_error());
  CHECK(sent.error().code == Errc::refused);
  CHECK(presses == 2);
}

}  // namespace devinit::api
