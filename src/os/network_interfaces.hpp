#pragma once

#include <string>
#include <vector>

namespace devinit::os {

/// The addresses under which other machines of the network may reach this one: of the interfaces that are up, without loopback
/// and without IPv6 addresses that need a zone. IPv4 first, each once; empty when the kernel does not tell.
[[nodiscard]] std::vector<std::string> network_addresses();

}  // namespace devinit::os
