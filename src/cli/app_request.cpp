#include "cli/app_request.hpp"

#include <algorithm>

#include "base/suggest.hpp"
#include "config/project_config.hpp"

namespace devinit::cli {
namespace {

const config::PoolRole* role_in(const config::Pool* pool, const std::string& role) {
  if (pool == nullptr) return nullptr;
  const auto found = pool->roles.find(role);
  return found == pool->roles.end() ? nullptr : &found->second;
}

registry::Grid grid_of(const config::Pool* pool, const RoleOption& option) {
  registry::Grid grid{option.name, option.start, option.step};
  const auto* role = role_in(pool, option.name);
  if (role == nullptr || option.start < role->start || option.start > role->end) return grid;
  grid.end = role->end;
  grid.pool = pool->name;
  return grid;
}

}  // namespace

Result<const config::Pool*> find_pool(const config::PortRules& rules, const std::string& name) {
  if (const auto* pool = rules.find_pool(name)) return pool;
  std::vector<std::string> known;
  for (const auto& pool : rules.pools) known.push_back(pool.name);
  const auto near = nearest(name, known);
  return Error(Errc::usage, "there is no pool \"" + name + "\"",
               near ? "did you mean " + *near + "?" : "pools are named in devinit.json and in the user's configuration, under \"ports\"");
}

std::vector<registry::Grid> grids_of(const config::Pool* pool, const std::vector<RoleOption>& roles) {
  std::vector<registry::Grid> grids;
  for (const auto& option : roles) grids.push_back(grid_of(pool, option));
  if (!grids.empty()) return grids;
  grids = registry::default_grids();
  for (auto& grid : grids) {
    if (const auto* role = role_in(pool, grid.role)) grid = {grid.role, role->start, role->step, role->end, pool->name};
  }
  return grids;
}

registry::AppRequest app_request(const config::PortRules& rules, const config::Pool* pool, const std::vector<RoleOption>& roles,
                                 const std::string& model, std::int64_t app) {
  registry::AppRequest request;
  request.model = model;
  request.app = app;
  request.grids = grids_of(pool, roles);
  const auto entry =
      std::ranges::find_if(rules.apps, [&](const config::AppEntry& candidate) { return candidate.model == model && candidate.app == app; });
  if (entry != rules.apps.end()) request.preconfigured = entry->ports;
  return request;
}

std::string port_variable(const std::string& role, Port port) { return config::variable_prefix(role) + "_PORT=" + std::to_string(port); }

}  // namespace devinit::cli
