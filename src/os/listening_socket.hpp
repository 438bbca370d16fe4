#pragma once

#include <string>

#include "base/port.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// A TCP socket that listens on `port` of one address, with SO_REUSEADDR, for a server that inherits it; `port` 0 lets the kernel choose. `host` is
/// an address literal or "localhost" (its IPv4 address); `::` takes IPv4 as well. The backlog is long (4096, or what the kernel allows): it
/// holds the connections that come while no server runs. Errc::busy when somebody else has the port, Errc::privileged, Errc::usage for a host
/// that is no address, Errc::io.
[[nodiscard]] Result<UniqueFd> listen_tcp(const std::string& host, Port port);

/// A second socket that listens at the address of `listener`, a socket of `listen_tcp`, and gets every new connection from now on, whoever else has
/// a copy of the first one. What waits in the queue of that stays there. `retire_listener` must follow once nobody accepts from it any more.
///
/// Both have SO_REUSEPORT until then, but never the port for strangers: whoever else wants the address meets the same refusal as before (a fence
/// must let sockets with SO_REUSEADDR in during the call, and none afterwards). Errc::failed where that cannot be had: at `::`, or on a kernel
/// that cannot steer connections or has no IPv6. Nothing has changed then. Errc::busy when somebody else has come in.
[[nodiscard]] Result<UniqueFd> listen_instead_of(const UniqueFd& listener);

/// `listener` listens no more, in no process that has a copy of it; what still waits in its queue is reset. `heir` is alone again.
void retire_listener(const UniqueFd& listener, const UniqueFd& heir) noexcept;

}  // namespace devinit::os
