#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "registry/state.hpp"

namespace devinit::registry {

/// What a reservation met in its range.
struct Reservation {
  std::size_t added = 0;
  std::size_t known = 0;      ///< ports that it had already
  std::vector<Lease> others;  ///< leases in force, in the order of ports: they stay, and when there are any nothing was added
};

/// Sets the ports of `range` aside for `name`, and ends the leases there that may go, too. Inside a `Change`, which the caller must not
/// commit when others are in the way. Errors are the database's.
[[nodiscard]] Result<Reservation> reserve_range(Registry::State& state, PortRange range, const std::string& name, FoldersSeen& folders);

}  // namespace devinit::registry
