#include "registry/grid.hpp"

#include "base/assert.hpp"

namespace devinit::registry {
namespace {

std::size_t own_numbers_of(const Grid& grid) noexcept {
  ASSERT(grid.step > 0);
  return grid.end < grid.start ? 0 : static_cast<std::size_t>(grid.end - grid.start) / grid.step + 1;
}

}  // namespace

const std::vector<Grid>& default_grids() {
  static const std::vector<Grid> grids{{.role = "backend", .start = 5001, .step = 2}, {.role = "frontend", .start = 8001, .step = 2}};
  return grids;
}

const std::vector<Port>& ports_blocked_by_browsers() {
  static const std::vector<Port> ports{1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000,
                                       6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080};
  return ports;
}

std::size_t size_of(const Grid& grid) noexcept { return grid.end < grid.start ? 0 : static_cast<std::size_t>(grid.end - grid.start) + 1; }

Port port_at(const Grid& grid, std::size_t index) noexcept {
  const std::size_t own = own_numbers_of(grid);
  if (index < own) return static_cast<Port>(grid.start + index * grid.step);
  const std::size_t between = index - own;
  const std::size_t per_gap = grid.step - 1U;
  return static_cast<Port>(grid.start + between / per_gap * grid.step + between % per_gap + 1);
}

std::optional<std::size_t> index_of(const Grid& grid, Port port) noexcept {
  if (port < grid.start || port > grid.end) return std::nullopt;
  const std::size_t distance = static_cast<std::size_t>(port - grid.start);
  const std::size_t gap = distance / grid.step;
  const std::size_t rest = distance % grid.step;
  return rest == 0 ? gap : own_numbers_of(grid) + gap * (grid.step - 1U) + rest - 1;
}

std::optional<Port> lowest_free(const Grid& grid, const PortSet& taken, const PortPolicy& policy) {
  PortSet busy;
  return GridSearch(grid).next(taken, policy, busy);
}

std::optional<Port> GridSearch::next(const PortSet& taken, const PortPolicy& policy, PortSet& busy) {
  const auto given = [&](Port port) { return taken.contains(port) || policy.never.contains(port); };
  const auto free = [&](Port port) {
    if (busy.contains(port)) return false;
    if (!policy.is_free || policy.is_free(port)) return true;
    busy.insert(port);
    return false;
  };
  for (auto index = open_.begin(); index != open_.end();) {
    const Port port = port_at(grid_, *index);
    if (given(port)) {
      index = open_.erase(index);
    } else if (free(port)) {
      return port;
    } else {
      ++index;
    }
  }
  for (const std::size_t size = size_of(grid_); first_ < size; ++first_) {
    const Port port = port_at(grid_, first_);
    if (given(port)) continue;
    if (free(port)) return port;
    open_.insert(open_.end(), first_);
  }
  return std::nullopt;
}

void GridSearch::released(Port port) {
  const auto index = index_of(grid_, port);
  if (index && *index < first_) open_.insert(*index);
}

bool GridSearch::searches(const Grid& grid) const noexcept {
  return grid_.start == grid.start && grid_.step == grid.step && grid_.end == grid.end;
}

GridUse use_of(const Grid& grid, const PortSet& taken, const PortPolicy& policy) {
  GridUse use{.size = size_of(grid)};
  for (unsigned port = grid.start; port <= grid.end; ++port) {
    const Port number = static_cast<Port>(port);
    if (taken.contains(number)) {
      ++use.taken;
    } else if (policy.never.contains(number)) {
      ++use.never;
    }
  }
  return use;
}

}  // namespace devinit::registry
