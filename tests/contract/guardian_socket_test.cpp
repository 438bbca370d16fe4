#include <poll.h>

#include <catch2/catch.hpp>

#include "contract/network.hpp"
#include "os/sockets.hpp"
#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::test;
using guardian::ReportKind;

namespace {

GuardedOptions with_socket(const os::UniqueFd& socket) {
  GuardedOptions options;
  options.socket = socket.get();
  options.environment["LISTEN_FDS"] = "1";
  options.environment["LISTEN_PID"] = "0";
  options.environment["LISTEN_FDNAMES"] = "web";
  return options;
}

/// Says its own pid, then LISTEN_PID, then serves one word to everybody who connects.
const std::string kServer =
    "import os, socket, sys\n"
    "say = open(os.environ['say'], 'w', buffering=1)\n"
    "print(os.getpid(), file=say)\n"
    "print(os.environ['LISTEN_PID'], os.environ['LISTEN_FDS'], os.environ['LISTEN_FDNAMES'], file=say)\n"
    "server = socket.socket(fileno=3)\n"
    "while True:\n"
    "    client, _ = server.accept()\n"
    "    client.sendall(sys.argv[1].encode())\n"
    "    client.close()\n";

std::vector<std::string> server(const std::string& word) { return {"/usr/bin/env", "python3", "-c", kServer, word}; }

std::string answer_of(const os::UniqueFd& connection) { return read_to_end(connection.get()); }

}  // namespace

TEST_CASE("A service inherits its listening socket as descriptor 3 and finds its own pid in LISTEN_PID") {
  const Network network;
  const auto socket = serve("127.0.0.1", 0);
  const Port port = local_port(socket);
  GuardedService service(server("hello"), with_socket(socket));
  const auto leader = service.expect_spawned();
  const auto pid = service.heard();
  CHECK(pid == std::to_string(leader.pid));
  CHECK(service.heard() == pid + " 1 web");
  CHECK(answer_of(connect_to("127.0.0.1", port)) == "hello");
  service.kill_all();
  service.expect_empty();
  service.expect_end_of_guardian();
}

TEST_CASE("Connections that come between two runs are answered by the second") {
  const Network network;
  const auto socket = serve("127.0.0.1", 0);
  const Port port = local_port(socket);
  {
    GuardedService first(server("first"), with_socket(socket));
    first.expect_spawned();
    (void)first.heard();
    first.kill_all();
    first.expect_empty();
    first.expect_end_of_guardian();
  }
  const auto between = connect_to("127.0.0.1", port);
  REQUIRE(between.valid());
  GuardedService second(server("second"), with_socket(socket));
  second.expect_spawned();
  CHECK(answer_of(between) == "second");
}

TEST_CASE("A guardian keeps no copy of the socket, and the service no other descriptor than it") {
  const Network network;
  const auto socket = serve("127.0.0.1", 0);
  const std::uint64_t inode = os::listeners_on(local_port(socket))->front().inode;
  GuardedService service(script("ls /proc/self/fd | wc -l; exec 3>&-; echo x >$say; exec sleep 1000"), with_socket(socket));
  service.expect_spawned();
  CHECK(service.heard() == "x");
  CHECK(os::socket_owners(os::process_tree(service.guardian().pid), {inode}).empty());
  service.kill_all();
  service.expect_empty();
  service.expect_end_of_guardian();
  CHECK(service.log() == "5\n");  // 0, 1, 2, the socket, and the folder that ls reads
}

TEST_CASE("Without LISTEN_PID in its environment a service gets the socket all the same") {
  const Network network;
  const auto socket = serve("127.0.0.1", 0);
  auto options = with_socket(socket);
  options.environment.erase("LISTEN_PID");
  GuardedService service(script("env | grep -c ^LISTEN_PID; test -S /proc/self/fd/3 && echo socket"), options);
  service.run_to_end();
  CHECK(service.log() == "0\nsocket\n");
}
