#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"

namespace devinit::registry {

/// Where the ports of one role come from: start, start + step … up to end, and when all of these are taken, the numbers between. The order is the
/// numbers' own, also where the kernel takes ports for connections.
struct Grid {
  std::string role;
  Port start = 0;
  Port step = 1;
  Port end = 65535;
  std::string pool = "default";
};
/// backend from 5001 step 2, frontend from 8001 step 2.
[[nodiscard]] const std::vector<Grid>& default_grids();

/// What may be handed out besides what the registry says.
struct PortPolicy {
  PortSet never;                              ///< below 1024, reserved by the administrator, blocked by browsers, denied by configuration
  Port ephemeral_first = 32768;               ///< from here up the kernel takes ports for connections: worth a warning, in its turn like any other
  std::function<bool(Port)> is_free;          ///< the bind probe; empty: not asked
};

/// The ports that browsers refuse to open (fetch standard, "port blocking"): 6000, 6566, 6665–6669, 6697, 10080 …, those above 1023.
[[nodiscard]] const std::vector<Port>& ports_blocked_by_browsers();

/// The ports of a grid in the order in which they are given: its own numbers, then those between; `index` is below `size_of(grid)`.
[[nodiscard]] Port port_at(const Grid& grid, std::size_t index) noexcept;
/// How many ports a grid has, numbers between included.
[[nodiscard]] std::size_t size_of(const Grid& grid) noexcept;
/// The inverse of `port_at`; nothing for a port outside of start … end.
[[nodiscard]] std::optional<std::size_t> index_of(const Grid& grid, Port port) noexcept;

/// The lowest port of the grid that is neither in `taken` nor `never` and that `is_free` allows; then the lowest number between. Nothing
/// when there is none. Pure but for `is_free`.
[[nodiscard]] std::optional<Port> lowest_free(const Grid& grid, const PortSet& taken, const PortPolicy& policy);

/// `lowest_free` for many searches of one grid. It remembers how far everything is taken or never given, so that the last of 20,000 pairs
/// costs as much as the first. Whoever takes a port out of `taken` has to say so, and `never` must stay what it was.
class GridSearch {
 public:
  explicit GridSearch(const Grid& grid) : grid_(grid) {}
  /// As `lowest_free`; ports that `is_free` refused are added to `busy` and not asked again while they are in it.
  [[nodiscard]] std::optional<Port> next(const PortSet& taken, const PortPolicy& policy, PortSet& busy);
  /// `port` may be free again.
  void released(Port port);
  [[nodiscard]] bool searches(const Grid& grid) const noexcept;

 private:
  Grid grid_;
  std::size_t first_ = 0;           ///< everything before this index is taken or never given,
  std::set<std::size_t> open_;      ///< but for these: they were released since, or a stranger had them
};

/// How many ports a grid has (numbers between included), and how many of them are taken or never given: for messages and `stats`.
struct GridUse {
  std::size_t size = 0;
  std::size_t taken = 0;
  std::size_t never = 0;  ///< and not taken
};
[[nodiscard]] GridUse use_of(const Grid& grid, const PortSet& taken, const PortPolicy& policy);

}  // namespace devinit::registry
