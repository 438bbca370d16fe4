#pragma once

#include <cstdint>
#include <optional>

#include "base/port.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// A TCP socket that is only ever bound, to every address at once: `::` dual stack, or 0.0.0.0 where the kernel has no IPv6.
/// IPV6_V6ONLY is off whatever net.ipv6.bindv6only says; SO_REUSEADDR is off. Errc::io when no descriptor is left.
[[nodiscard]] Result<UniqueFd> open_port_socket();

/// bind(2) of such a socket to `port` on every address. 0, or errno; after a failure the socket can try another port.
[[nodiscard]] int bind_port(const UniqueFd& socket, Port port) noexcept;

/// Switches SO_REUSEADDR, also on a bound socket: the kernel reads it at every bind(2) and listen(2) of others.
void set_reuse_address(const UniqueFd& socket, bool on) noexcept;

/// listen(2) with a small backlog; false when the kernel refuses. Only for sockets on scratch ports.
[[nodiscard]] bool start_listening(const UniqueFd& socket) noexcept;

/// The port a socket is bound to, if any. With `bind_port(socket, 0)` the kernel picks a free one.
[[nodiscard]] std::optional<Port> bound_port(const UniqueFd& socket) noexcept;

/// The inode by which the kernel's socket tables name this socket; 0 when unknown.
[[nodiscard]] std::uint64_t socket_inode(const UniqueFd& socket) noexcept;

}  // namespace devinit::os
