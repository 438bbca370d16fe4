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

}  // namespace devinit::os
