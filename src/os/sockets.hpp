#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"

namespace devinit::os {

/// A row of the kernel's table of listening TCP sockets, IPv4 and IPv6.
struct Listener {
  Port port = 0;
  std::string address;      ///< "127.0.0.1", "0.0.0.0", "::", "::1" …
  bool v6_only = false;
  std::uint64_t inode = 0;  ///< of the socket, as in /proc/PID/fd links
  uid_t uid = 0;
  std::uint32_t backlog = 0;  ///< connections that wait to be accepted
};

/// All listening sockets of our network namespace by NETLINK_SOCK_DIAG (35 µs with 30 sockets, 0.24 ms with 2000).
[[nodiscard]] Result<std::vector<Listener>> all_listeners();
/// Only those on `port`, by address, IPv4 first; the kernel filters (31–75 µs).
[[nodiscard]] Result<std::vector<Listener>> listeners_on(Port port);
/// True when the connection from `client_port` to the listener on `server_port` of this machine has been accepted by a process: until then its
/// end there has no inode. The kernel walks the table of all connections (0.4 ms): ask when there is reason to.
[[nodiscard]] bool is_accepted(Port server_port, Port client_port);
/// A TCP connection that a process of this machine has accepted; one that still waits for that is none.
struct Connection {
  std::uint64_t inode = 0;             ///< of the accepting end
  std::uint32_t unread = 0;            ///< bytes that have come and that nobody has read
  bool silent = false;                 ///< nothing has come yet (false when the kernel does not tell)
  std::chrono::milliseconds quiet{0};  ///< since something has come last; of a silent one its age
};
/// Those to the local `port` whose other end has not gone. The kernel walks the table of all connections, as above.
[[nodiscard]] Result<std::vector<Connection>> connections_on(Port port);
/// True when sock_diag shows a TCP socket with this local port in any state but LISTEN (TIME_WAIT, an outgoing connection …).
[[nodiscard]] bool has_leftovers(Port port);
/// Inodes of the TCP sockets that are bound to `port` and neither listen nor connect: fences. Always empty on kernels that do
/// not list them (before 6.8), so it may strengthen a rule but never carry one.
[[nodiscard]] std::vector<std::uint64_t> bound_inactive_sockets(Port port);

/// Processes among `candidates` that hold one of the socket inodes in /proc/PID/fd; {pid, inode} pairs. What the kernel
/// does not let us read is skipped; `hidden` (may be null) is set when that happened.
struct SocketOwner {
  pid_t pid;
  std::uint64_t inode;
};
[[nodiscard]] std::vector<SocketOwner> socket_owners(const std::vector<pid_t>& candidates,
                                                     const std::vector<std::uint64_t>& inodes, bool* hidden = nullptr);

/// As `socket_owners`, but ends as soon as every socket has one owner: the first of `candidates` that holds it.
[[nodiscard]] std::vector<SocketOwner> first_socket_owners(const std::vector<pid_t>& candidates, const std::vector<std::uint64_t>& inodes);

/// The socket inode of an abstract unix socket in our network namespace (/proc/net/unix), by its name without the leading NUL.
[[nodiscard]] std::optional<std::uint64_t> abstract_socket_inode(const std::string& name);
/// What follows `prefix` in the names of all abstract unix sockets of our network namespace that begin with it. One read of the table.
[[nodiscard]] std::vector<std::string> abstract_sockets_with(const std::string& prefix);

}  // namespace devinit::os
