#include <algorithm>

#include "contract/network.hpp"
#include "os/files.hpp"
#include "os/port_socket.hpp"
#include "os/process.hpp"
#include "os/socket_table.hpp"
#include "os/sockets.hpp"
#include "os/unix_socket.hpp"
#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

namespace {

std::vector<Listener> on(Port port) {
  auto listeners = listeners_on(port);
  REQUIRE(listeners.has_value());
  std::sort(listeners->begin(), listeners->end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return *listeners;
}

}  // namespace

TEST_CASE("the kernel's table shows every listener on a port with address, owner and inode") {
  const Network network;
  const Port port = scratch_port();
  CHECK(on(port).empty());
  const auto v4 = serve("127.0.0.1", port);
  const auto v6 = serve("::1", port, {.v6_only = true});
  const auto rows = on(port);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].address == "127.0.0.1");
  CHECK(rows[0].port == port);
  CHECK(rows[0].inode == socket_inode(v4));
  CHECK(rows[0].uid == ::geteuid());
  CHECK_FALSE(rows[0].v6_only);
  CHECK(rows[1].address == "::1");
  CHECK(rows[1].inode == socket_inode(v6));
  CHECK(rows[1].v6_only);
}

TEST_CASE("a dual-stack listener is one row, and neighbours do not show") {
  const Network network;
  const Port port = scratch_ports(3);
  const auto at = [port](int i) { return static_cast<Port>(port + i); };
  const auto below = serve("::", at(0));
  const auto dual = serve("::", at(1));
  const auto above = serve("0.0.0.0", at(2));
  const auto rows = on(at(1));
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].address == "::");
  CHECK_FALSE(rows[0].v6_only);
  CHECK(on(at(2))[0].address == "0.0.0.0");
  const auto all = all_listeners();
  REQUIRE(all.has_value());
  for (int i = 0; i < 3; ++i) {
    CHECK(std::count_if(all->begin(), all->end(), [&](const Listener& row) { return row.port == at(i); }) == 1);
  }
}

TEST_CASE("more listeners than one message holds are all listed") {
  const Network network;
  std::vector<UniqueFd> sockets;
  std::vector<Port> ports;
  for (int i = 0; i < 700; ++i) {
    sockets.push_back(serve(i % 2 == 0 ? "127.0.0.1" : "::1", 0));
    ports.push_back(local_port(sockets.back()));
  }
  const auto all = all_listeners();
  REQUIRE(all.has_value());
  int missing = 0;
  for (const auto& socket : sockets) {
    const auto inode = socket_inode(socket);
    if (std::none_of(all->begin(), all->end(), [inode](const Listener& row) { return row.inode == inode; })) ++missing;
  }
  CHECK(missing == 0);
}

TEST_CASE("connections and their leftovers are no listeners, but leftovers") {
  const Network network;
  const Port port = scratch_port();
  CHECK_FALSE(has_leftovers(port));
  leave_time_wait(port, {});
  CHECK(on(port).empty());
  CHECK(has_leftovers(port));
}

TEST_CASE("a listener without connections leaves nothing") {
  const Network network;
  const Port port = scratch_port();
  {
    const auto socket = serve("127.0.0.1", port);
    CHECK_FALSE(has_leftovers(port));
  }
  CHECK_FALSE(has_leftovers(port));
}

TEST_CASE("a connection waits in the listener's backlog until a process accepts it") {
  const Network network;
  const auto server = serve("127.0.0.1", 0);
  const Port port = local_port(server);
  CHECK(on(port).front().backlog == 0);
  const auto first = connect_to("127.0.0.1", port);
  const auto second = connect_to("127.0.0.1", port);
  REQUIRE(second.valid());
  wait_until([&] { return on(port).front().backlog == 2; });
  CHECK_FALSE(is_accepted(port, local_port(first)));
  const UniqueFd accepted(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  CHECK(on(port).front().backlog == 1);
  CHECK(is_accepted(port, local_port(first)));
  CHECK_FALSE(is_accepted(port, local_port(second)));
  std::uint32_t waiting = 0;
  visit_proc_net_tcp(*read_text_file("/proc/thread-self/net/tcp"), false, kListenState, port,
                     [&waiting](const SocketRow& row) { waiting = row.receive_queue; });
  CHECK(waiting == 1);
}

TEST_CASE("a bound socket without listener shows by its inode where the kernel lists it, and only while it exists") {
  const Network network;
  const Port port = scratch_port();
  {
    const auto bound = serve("127.0.0.1", port, {.listens = false});
    const auto rows = bound_inactive_sockets(port);
    CHECK((rows.empty() || rows == std::vector{socket_inode(bound)}));
  }
  CHECK(bound_inactive_sockets(port).empty());
}

TEST_CASE("the text of /proc/net/tcp tells the same as sock_diag") {
  const Network network;
  const Port port = scratch_port();
  const auto v4 = serve("127.0.0.1", port);
  const auto v6 = serve("::1", port);
  std::vector<Listener> rows;
  const auto visit = [&rows](const SocketRow& row) {
    rows.push_back({row.port, address_text(row), row.v6_only, row.inode, row.uid});
  };
  visit_proc_net_tcp(*read_text_file("/proc/thread-self/net/tcp"), false, kListenState, port, visit);
  visit_proc_net_tcp(*read_text_file("/proc/thread-self/net/tcp6"), true, kListenState, port, visit);
  const auto expected = on(port);
  REQUIRE(rows.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(rows[i].address == expected[i].address);
    CHECK(rows[i].inode == expected[i].inode);
    CHECK(rows[i].uid == expected[i].uid);
  }
}

TEST_CASE("lines of /proc/net/tcp that do not parse are skipped") {
  int rows = 0;
  const auto count = [&rows](const SocketRow&) { ++rows; };
  const std::string good =
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n";
  visit_proc_net_tcp("  sl  local_address rem_address   st\n" + good + "\n   1: 0100007F\n" + good.substr(0, 60), false,
                     kAllStates, 0, count);
  CHECK(rows == 1);
  visit_proc_net_tcp(good, true, kAllStates, 0, count);
  visit_proc_net_tcp(good, false, kAllStates & ~kListenState, 0, count);
  visit_proc_net_tcp(good, false, kListenState, 8081, count);
  CHECK(rows == 1);
  visit_proc_net_tcp(good, false, kListenState, 8080, count);
  CHECK(rows == 2);
}

TEST_CASE("socket owners are found among the candidates, each socket once") {
  const Network network;
  const auto first = serve("127.0.0.1", 0);
  const auto second = serve("127.0.0.1", 0);
  const UniqueFd copy(::fcntl(first.get(), F_DUPFD_CLOEXEC, 0));
  const Child stranger([](const Child::Side& side) { return static_cast<int>(side.hear()); });  // has copies, being a fork
  bool hidden = true;
  const auto owners = socket_owners({::getpid(), 0x3ffffff}, {socket_inode(first), socket_inode(second)}, &hidden);
  CHECK_FALSE(hidden);
  REQUIRE(owners.size() == 2);
  CHECK(owners[0].pid == ::getpid());
  CHECK(owners[1].pid == ::getpid());
  CHECK(owners[0].inode != owners[1].inode);
  CHECK(socket_owners({stranger.pid()}, {socket_inode(second)}).size() == 1);
  CHECK(socket_owners({::getpid()}, {}).empty());
}

TEST_CASE("descriptors that the kernel does not show are reported as hidden") {
  if (::getuid() != 0) return;
  const pid_t test = ::getpid();
  Child viewer([test](const Child::Side&) {
    if (::setuid(kNobody) != 0) return 9;
    bool hidden = false;
    return socket_owners({test}, {1}, &hidden).empty() && hidden ? 0 : 1;
  });
  CHECK(viewer.exit_code() == 0);
}

TEST_CASE("an abstract socket is found by its exact name") {
  const Network network;
  const std::string name = "contract-test/" + std::to_string(::getpid());
  CHECK_FALSE(abstract_socket_inode(name));
  const auto longer = bind_abstract(name + "0");
  const auto other = bind_abstract("x" + name);
  CHECK_FALSE(abstract_socket_inode(name));
  const auto socket = bind_abstract(name);
  REQUIRE(socket.has_value());
  CHECK(abstract_socket_inode(name) == socket_inode(*socket));
}

TEST_CASE("a connection shows once it is accepted: silent, then unread, then read") {
  const Network network;
  const auto server = serve("127.0.0.1", 0);
  const Port port = local_port(server);
  const auto client = connect_to("127.0.0.1", port);
  REQUIRE(client.valid());
  CHECK(connections_on(port)->empty());
  const UniqueFd accepted(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto silent = connections_on(port);
  REQUIRE(silent->size() == 1);
  CHECK(silent->front().inode == socket_inode(accepted));
  CHECK(silent->front().silent);
  CHECK(silent->front().unread == 0);
  CHECK(silent->front().quiet < std::chrono::minutes(1));
  REQUIRE(::write(client.get(), "hello", 5) == 5);
  const auto unread = connections_on(port);
  REQUIRE(unread->size() == 1);
  CHECK_FALSE(unread->front().silent);
  CHECK(unread->front().unread == 5);
  char text[5];
  REQUIRE(::read(accepted.get(), text, sizeof text) == 5);
  CHECK(connections_on(port)->front().unread == 0);
  CHECK_FALSE(connections_on(port)->front().silent);
}
