#include <algorithm>
#include <cmath>

#include "cli/app_request.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/lease_text.hpp"
#include "cli/registry_access.hpp"
#include "cli/text_table.hpp"
#include "os/sockets.hpp"

namespace devinit::cli {
namespace {

using registry::Grid;
using registry::Seconds;

constexpr Seconds kDay = 24 * 3600;
constexpr Seconds kWindow = 30 * kDay;

/// What is known about the ports of one role in one pool.
struct PoolUse {
  Grid grid;
  registry::GridUse use;
  std::size_t live = 0;
  double per_day = 0;  ///< new leases among its numbers, of whatever owner, in the last 30 days

  [[nodiscard]] std::size_t free() const { return use.size - std::min(use.size, use.taken + use.never); }
  [[nodiscard]] std::optional<std::int64_t> days_left() const {
    if (per_day <= 0) return std::nullopt;
    return static_cast<std::int64_t>(std::floor(static_cast<double>(free()) / per_day));
  }
};

struct Birth {
  Port port;
  Seconds created;
};

std::vector<std::pair<const config::Pool*, Grid>> all_grids(const config::PortRules& rules) {
  std::vector<std::pair<const config::Pool*, Grid>> grids;
  for (const auto& grid : registry::default_grids()) grids.emplace_back(nullptr, grid);
  for (const auto& pool : rules.pools) {
    for (const auto& [role, numbers] : pool.roles) {
      grids.emplace_back(&pool, Grid{role, numbers.start, numbers.step, numbers.end, pool.name});
    }
  }
  return grids;
}

/// New leases a day since the first of them, or since 30 days: a pool that came into use last week is not judged by the weeks before.
double rate_of(const Grid& grid, const std::vector<Birth>& births, Seconds now) {
  std::size_t count = 0;
  Seconds first = now;
  for (const auto& birth : births) {
    if (birth.port < grid.start || birth.port > grid.end || birth.created <= now - kWindow) continue;
    ++count;
    first = std::min(first, birth.created);
  }
  return static_cast<double>(count) / std::max(1.0, static_cast<double>(now - first) / kDay);
}

PortSet listened_ports() {
  PortSet listened;
  if (const auto listeners = os::all_listeners()) {
    for (const auto& listener : *listeners) listened.insert(listener.port);
  }
  return listened;
}

std::size_t count_live(const Grid& grid, const PortSet& taken, const PortSet& listened) {
  std::size_t live = 0;
  for (auto port = listened.next(grid.start); port && *port <= grid.end; port = listened.next(*port + 1U)) live += taken.contains(*port) ? 1U : 0U;
  return live;
}

std::string forecast(const PoolUse& pool) {
  if (pool.free() == 0) return "full";
  const auto days = pool.days_left();
  if (!days) return "-";
  const auto rate = std::max<std::int64_t>(std::llround(pool.per_day), 1);
  return "full in about " + std::to_string(*days) + (*days == 1 ? " day" : " days") + " at " + std::to_string(rate) + " a day";
}

std::string range_text(const Grid& grid) {
  return std::to_string(grid.start) + "-" + std::to_string(grid.end) + (grid.step > 1 ? " step " + std::to_string(grid.step) : "");
}

void print_json(const Context& context, const std::vector<PoolUse>& pools) {
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& pool : pools) {
    writer.begin_object();
    writer.member("pool", pool.grid.pool);
    writer.member("role", pool.grid.role);
    writer.member("start", pool.grid.start);
    writer.member("step", pool.grid.step);
    writer.member("end", pool.grid.end);
    writer.member("size", pool.use.size);
    writer.member("used", pool.use.taken);
    writer.member("free", pool.free());
    writer.member("live", pool.live);
    writer.member("never", pool.use.never);
    writer.member("per_day", std::llround(pool.per_day));
    writer.member("full_in_days", pool.days_left());
    writer.end_object();
  }
  writer.end_array();
  context.output.data(writer.take());
}

void print_table(const Context& context, const std::vector<PoolUse>& pools) {
  using Align = TextTable::Align;
  TextTable table({Align::left, Align::left, Align::left, Align::right, Align::right, Align::right, Align::right, Align::right, Align::left});
  table.set_heading({"POOL", "ROLE", "PORTS", "SIZE", "USED", "FREE", "LIVE", "NEVER", "FORECAST"});
  for (const auto& pool : pools) {
    table.add_row({pool.grid.pool, pool.grid.role, range_text(pool.grid), std::to_string(pool.use.size), std::to_string(pool.use.taken),
                   std::to_string(pool.free()), std::to_string(pool.live), std::to_string(pool.use.never), forecast(pool)});
  }
  context.output.data(table.text());
}

}  // namespace

Result<int> show_stats(const Context& context) {
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_only));
  TRY_ASSIGN(const auto rules, rules_here(context, in_use.user));
  TRY_ASSIGN(const auto taken, in_use.registry->taken());
  std::vector<Birth> births;
  TRY(in_use.registry->each_lease({}, [&births](const registry::Lease& lease) { births.push_back({lease.port, lease.created}); }));
  const auto listened = listened_ports();
  const auto& asked = context.arguments.ports.pool;
  if (!asked.empty() && asked != registry::default_grids().front().pool) TRY(find_pool(rules, asked));
  std::vector<PoolUse> pools;
  for (const auto& [pool, grid] : all_grids(rules)) {
    if (!asked.empty() && grid.pool != asked) continue;
    const auto policy = port_policy(rules, pool, false);
    pools.push_back({grid, registry::use_of(grid, taken, policy), count_live(grid, taken, listened), rate_of(grid, births, wall_clock())});
  }
  context.arguments.json ? print_json(context, pools) : print_table(context, pools);
  return 0;
}

}  // namespace devinit::cli
