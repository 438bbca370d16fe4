#pragma once

#include <string>
#include <string_view>

#include "base/port_set.hpp"

namespace devinit::registry {

/// The table `taken` holds which ports of a host have a lease, 1024 ports a row, so that a change of one port writes one short row and a
/// search reads at most 64. Block b is the ports from 1024·b on. Its text is 256 hexadecimal digits, lower case: digit i (from the left,
/// from 0) stands for the ports 4·i to 4·i+3 of the block, the lowest of the four being the bit of value 1.
inline constexpr unsigned kPortsPerBlock = 1024;
inline constexpr unsigned kBlocks = 65536 / kPortsPerBlock;

[[nodiscard]] constexpr unsigned block_of(Port port) noexcept { return port / kPortsPerBlock; }

/// The text of one block.
[[nodiscard]] std::string encode_block(const PortSet& ports, unsigned block);

/// Adds the ports of a block to `ports`; false, and nothing added, when `block` or `digits` are not of that form.
[[nodiscard]] bool decode_block(std::string_view digits, unsigned block, PortSet& ports);

}  // namespace devinit::registry
