#include "cli/lease_view.hpp"

#include <set>
#include <vector>

#include "cli/nearest_registry.hpp"
#include "cli/registry_access.hpp"
#include "ports/probe.hpp"
#include "project/git_folder.hpp"

namespace devinit::cli {
namespace {

/// Every port that a service of the project would get first.
std::vector<Port> preferred_ports(const Project& project, const config::ProjectConfig& config) {
  std::set<Port> preferred;
  const auto file = load_ports_file(project);
  const auto record = load_ports_record(project);
  const auto add = [&](const config::PortSpec& spec, const std::string& key) {
    const auto choice = config::choose_port(spec, key, file && *file ? &**file : nullptr, record ? &*record : nullptr);
    if (choice.port) preferred.insert(*choice.port);
  };
  for (const auto& service : config.services) {
    if (service.port) add(*service.port, config::ports_key(service.name, ""));
    for (const auto& [name, spec] : service.ports) add(spec, config::ports_key(service.name, name));
  }
  return {preferred.begin(), preferred.end()};
}

/// Who names the port of an idle lease may have it. One that somebody listens on is a matter of the conflict rule.
bool yields(const NearestRegistry& nearest, const registry::Lease& lease, const std::string& repository) {
  if (!may_change_hands(lease, repository)) return false;
  return !nearest.registry->is_live(lease) || ports::probe(lease.port) == ports::Verdict::busy;
}

void fill(api::RegistryView& view, const NearestRegistry& nearest) {
  if (nearest.writable) view.location = nearest.registry->location().target;
  view.pending = nearest.pending;
  view.ephemeral = nearest.registry->host().ephemeral;
  view.avoid.insert(nearest.neighbours.taken);
  for (const auto& [port, lease] : nearest.neighbours.others) {
    view.neighbours.push_back({port, registry::describe(lease), yields(nearest, lease, view.repository)});
  }
  for (const auto& [role, port] : nearest.neighbours.own) {
    const bool of_run = role.starts_with("run:");
    if (of_run) view.avoid.insert(port);
    if (!of_run) view.own.emplace(role, port);
  }
}

}  // namespace

Result<api::RegistryView> registry_view(const Context& context, const Project& project, const config::ProjectConfig& config) {
  TRY_ASSIGN(const auto user, load_user_config(context.environment));
  const std::string name = config.name.empty() ? project.folder_name() : config.name;
  const auto rules = config::merge(config.port_rules, user.ports);
  const auto* pool = rules.pool_for_project(name);
  const auto policy = port_policy(rules, pool, false);
  api::RegistryView view;
  view.repository = project::shared_git_folder(project.root());
  view.avoid = policy.never;
  view.ephemeral_first = policy.ephemeral_first;
  if (pool != nullptr) {
    for (const auto& [role, numbers] : pool->roles) view.pools[role] = {numbers.start, numbers.step, numbers.end};
  }
  const auto warn = [&context](const std::string& text) { context.output.warn(text); };
  TRY_ASSIGN(const auto nearest, nearest_registry(context, user, {project.root(), name, view.repository}, preferred_ports(project, config), warn));
  if (nearest) fill(view, *nearest);
  return view;
}

}  // namespace devinit::cli
