#include "os/sockets.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "os/files.hpp"
#include "os/socket_table.hpp"

namespace devinit::os {
namespace {

/// A busy server's tables in /proc/net: 150 bytes a socket.
constexpr std::size_t kMaxTable = 64U << 20;

/// sock_diag, else /proc/net/tcp{,6}. `restart` empties what the caller has gathered before the second attempt.
template <class Restart>
Result<> visit_tcp_sockets(std::uint32_t states, Port port, const SocketVisitor& visit, const Restart& restart, bool with_traffic = false) {
  const int refused = visit_by_sock_diag(states, port, visit, with_traffic);
  if (refused == 0) return {};
  restart();
  const auto v4 = read_text_file("/proc/self/net/tcp", {}, kMaxTable);
  if (!v4) return errno_error("cannot read the kernel's table of TCP sockets", refused);
  visit_proc_net_tcp(*v4, false, states, port, visit);
  // Missing where the kernel has no IPv6.
  if (const auto v6 = read_text_file("/proc/self/net/tcp6", {}, kMaxTable)) visit_proc_net_tcp(*v6, true, states, port, visit);
  return {};
}

Result<std::vector<Listener>> gather_listeners(Port port) {
  std::vector<Listener> listeners;
  TRY(visit_tcp_sockets(
      kListenState, port,
      [&listeners](const SocketRow& row) {
        listeners.push_back({row.port, address_text(row), row.v6_only, row.inode, row.uid, row.receive_queue});
      },
      [&listeners] { listeners.clear(); }));
  return listeners;
}

/// "socket:[12345]" → 12345; 0 for everything else.
std::uint64_t socket_link_inode(std::string_view link) {
  constexpr std::string_view kPrefix = "socket:[";
  if (!link.starts_with(kPrefix)) return 0;
  std::uint64_t inode = 0;
  std::from_chars(link.data() + kPrefix.size(), link.data() + link.size(), inode);
  return inode;
}

/// Collects which of some sockets processes hold, by their /proc/PID/fd, without an allocation per process or descriptor.
class OwnerScan {
 public:
  OwnerScan(const std::vector<std::uint64_t>& inodes, std::vector<SocketOwner>& owners) : inodes_(inodes), owners_(owners) {}

  /// False when the kernel hides the descriptors of `pid` from us.
  bool visit(pid_t pid) {
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/%d/fd", pid);
    const UniqueFd folder(::open(path.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) return !forbidden(errno);
    first_of_pid_ = owners_.size();
    while (true) {
      const long size = ::syscall(SYS_getdents64, folder.get(), entries_.data(), entries_.size());
      if (size < 0) return !forbidden(errno);
      if (size == 0) return true;
      if (!read_entries(pid, folder.get(), static_cast<std::size_t>(size))) return false;
    }
  }

 private:
  static bool forbidden(int error) { return error == EACCES || error == EPERM; }

  bool read_entries(pid_t pid, int folder, std::size_t size) {
    for (std::size_t offset = 0; offset < size;) {
      // linux_dirent64: 8 bytes inode, 8 bytes offset, 2 bytes record length, 1 byte type, then the name.
      const char* entry = entries_.data() + offset;
      unsigned short length = 0;
      std::memcpy(&length, entry + 16, sizeof length);
      offset += length;
      const char* name = entry + 19;
      if (name[0] == '.') continue;
      std::array<char, 64> link{};
      const ssize_t link_size = ::readlinkat(folder, name, link.data(), link.size());
      if (link_size < 0 && forbidden(errno)) return false;
      if (link_size > 0) note(pid, socket_link_inode({link.data(), static_cast<std::size_t>(link_size)}));
    }
    return true;
  }

  void note(pid_t pid, std::uint64_t inode) {
    if (inode == 0 || std::find(inodes_.begin(), inodes_.end(), inode) == inodes_.end()) return;
    const auto known = [inode](const SocketOwner& owner) { return owner.inode == inode; };
    const auto mine = owners_.begin() + static_cast<std::ptrdiff_t>(first_of_pid_);
    if (std::none_of(mine, owners_.end(), known)) owners_.push_back({pid, inode});
  }

  const std::vector<std::uint64_t>& inodes_;
  std::vector<SocketOwner>& owners_;
  std::size_t first_of_pid_ = 0;
  alignas(8) std::array<char, 8192> entries_;
};

}  // namespace

Result<std::vector<Listener>> all_listeners() { return gather_listeners(0); }

Result<std::vector<Listener>> listeners_on(Port port) {
  ASSERT(port != 0);
  auto listeners = gather_listeners(port);
  // The kernel's order is that of its hash tables; people get a stable one, IPv4 first.
  if (listeners) {
    std::sort(listeners->begin(), listeners->end(), [](const Listener& a, const Listener& b) { return a.address < b.address; });
  }
  return listeners;
}

Result<std::vector<Connection>> connections_on(Port port) {
  ASSERT(port != 0);
  std::vector<Connection> connections;
  const auto add = [&connections](const SocketRow& row) {
    if (row.inode == 0) return;
    const auto traffic = row.traffic.value_or(SocketTraffic{1, 0});
    connections.push_back({row.inode, row.receive_queue, traffic.received == 0, std::chrono::milliseconds(traffic.quiet_ms)});
  };
  TRY(visit_tcp_sockets(1U << TCP_ESTABLISHED, port, add, [&connections] { connections.clear(); }, true));
  return connections;
}

bool has_leftovers(Port port) {
  ASSERT(port != 0);
  bool found = false;
  const auto outcome = visit_tcp_sockets(
      kAllStates & ~kListenState, port, [&found](const SocketRow&) { found = true; }, [&found] { found = false; });
  return outcome.has_value() && found;
}

bool is_accepted(Port server_port, Port client_port) {
  ASSERT(server_port != 0 && client_port != 0);
  bool accepted = false;
  const auto outcome = visit_tcp_sockets(
      kAllStates & ~kListenState, server_port,
      [&](const SocketRow& row) { accepted = accepted || (row.peer_port == client_port && row.inode != 0); }, [&] { accepted = false; });
  return outcome.has_value() && accepted;
}

std::vector<std::uint64_t> bound_inactive_sockets(Port port) {
  ASSERT(port != 0);
  std::vector<std::uint64_t> inodes;
  // /proc/net/tcp never lists them: no second attempt there.
  const int refused = visit_by_sock_diag(kBoundInactiveState, port, [&inodes](const SocketRow& row) {
    if (row.state == TCP_CLOSE) inodes.push_back(row.inode);
  });
  if (refused != 0) inodes.clear();
  return inodes;
}

std::vector<SocketOwner> socket_owners(const std::vector<pid_t>& candidates, const std::vector<std::uint64_t>& inodes,
                                       bool* hidden) {
  std::vector<SocketOwner> owners;
  bool some_hidden = false;
  if (!inodes.empty()) {
    OwnerScan scan(inodes, owners);
    for (const pid_t pid : candidates) some_hidden |= !scan.visit(pid);
  }
  if (hidden != nullptr) *hidden = some_hidden;
  return owners;
}

std::vector<SocketOwner> first_socket_owners(const std::vector<pid_t>& candidates, const std::vector<std::uint64_t>& inodes) {
  std::vector<SocketOwner> owners;
  if (inodes.empty()) return owners;
  OwnerScan scan(inodes, owners);
  const auto is_owned = [&owners](std::uint64_t inode) {
    return std::any_of(owners.begin(), owners.end(), [inode](const SocketOwner& owner) { return owner.inode == inode; });
  };
  for (const pid_t pid : candidates) {
    const std::size_t before = owners.size();
    static_cast<void>(scan.visit(pid));
    if (owners.size() != before && std::all_of(inodes.begin(), inodes.end(), is_owned)) break;
  }
  return owners;
}

std::optional<std::uint64_t> abstract_socket_inode(const std::string& name) {
  const auto table = read_text_file("/proc/self/net/unix", {}, kMaxTable);
  if (!table) return std::nullopt;
  // "Num RefCount Protocol Flags Type St Inode Path"; the kernel writes the leading NUL of an abstract name as '@'.
  const auto at = table->find(" @" + name + "\n");
  if (at == std::string::npos) return std::nullopt;
  const auto before = table->find_last_of(" \n", at - 1);
  std::uint64_t inode = 0;
  const char* end = table->data() + at;
  const auto [rest, error] = std::from_chars(table->data() + (before == std::string::npos ? 0 : before + 1), end, inode);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return inode;
}

std::vector<std::string> abstract_sockets_with(const std::string& prefix) {
  std::vector<std::string> rests;
  const auto table = read_text_file("/proc/self/net/unix", {}, kMaxTable);
  if (!table) return rests;
  const std::string wanted = " @" + prefix;
  for (auto at = table->find(wanted); at != std::string::npos; at = table->find(wanted, at + 1)) {
    const auto begin = at + wanted.size();
    rests.push_back(table->substr(begin, table->find('\n', begin) - begin));
  }
  return rests;
}

}  // namespace devinit::os
