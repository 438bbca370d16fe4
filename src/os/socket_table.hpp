#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/port.hpp"

namespace devinit::os {

/// What has come over a connection.
struct SocketTraffic {
  std::uint64_t received = 0;  ///< bytes
  std::uint32_t quiet_ms = 0;  ///< since the last of them; before the first one, since it was made
};

/// One TCP socket as the kernel lists it, from sock_diag or from /proc/net/tcp.
struct SocketRow {
  bool v6 = false;
  int state = 0;                           ///< TCP_LISTEN, TCP_TIME_WAIT … of <netinet/tcp.h>
  Port port = 0;                           ///< local
  Port peer_port = 0;                      ///< of the other end; 0 without one
  std::array<std::uint32_t, 4> address{};  ///< local, in network byte order; IPv4 in the first word
  bool v6_only = false;
  std::uint64_t inode = 0;                 ///< 0: of no process (yet), as a connection that waits to be accepted
  uid_t uid = 0;
  std::uint32_t receive_queue = 0;         ///< bytes to be read; of a listener the connections that wait to be accepted
  std::optional<SocketTraffic> traffic;    ///< when it is asked for and known
};
using SocketVisitor = std::function<void(const SocketRow&)>;

inline constexpr std::uint32_t kListenState = 1U << 10;
/// TCP_BOUND_INACTIVE, a state that exists only in questions to sock_diag (Linux 6.8); the rows come as TCP_CLOSE.
inline constexpr std::uint32_t kBoundInactiveState = 1U << 13;
inline constexpr std::uint32_t kAllStates = ~0U;

/// Visits the TCP sockets of our network namespace whose state is in `states` (1 << state) and whose local port is `port`
/// (0: any), both families; the kernel filters. Returns 0, or the errno with which it refused (some sandboxes have no
/// sock_diag); rows may have been visited before a failure. `with_traffic` makes each row four times as long.
[[nodiscard]] int visit_by_sock_diag(std::uint32_t states, Port port, const SocketVisitor& visit, bool with_traffic = false);

/// The same from the text of /proc/net/tcp (`v6` false) or tcp6. Lines that do not parse are skipped. Knows no bound-only
/// sockets, no IPV6_V6ONLY and no traffic.
void visit_proc_net_tcp(std::string_view text, bool v6, std::uint32_t states, Port port, const SocketVisitor& visit);

/// "127.0.0.1", "::1", "::" …
[[nodiscard]] std::string address_text(const SocketRow& row);

}  // namespace devinit::os
