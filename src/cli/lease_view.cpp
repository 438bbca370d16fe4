#include "cli/lease_view.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "cli/registry_access.hpp"
#include "ports/probe.hpp"
#include "project/git_folder.hpp"

namespace devinit::cli {
namespace {

using registry::Access;
using registry::Location;

/// A registry that has answered.
struct Answer {
  Location location;
  registry::Host host;
  registry::Neighbours neighbours;
  std::set<Port> live;    ///< of the neighbours: their process exists
  bool writable = true;
  bool pending = false;
};

class Asking {
 public:
  /// Whose the `preferred` ports are is asked, of the others only whether they are taken.
  Asking(const Context& context, const config::UserConfig& user, registry::Checkout checkout, const std::set<Port>& preferred)
      : context_(context), user_(user), checkout_(std::move(checkout)), preferred_(preferred.begin(), preferred.end()) {}

  [[nodiscard]] Result<Answer> ask(const Location& location, Access access) const {
    TRY_ASSIGN(auto options, registry_options(context_, user_));
    Answer answer{location, options.host, {}, {}, access == Access::read_write, false};
    TRY_ASSIGN(const auto registry, registry::Registry::open(location, access, std::move(options)));
    TRY_ASSIGN(answer.neighbours, registry->neighbours_of(checkout_, preferred_));
    for (const auto& [port, lease] : answer.neighbours.others) {
      if (registry->is_live(lease)) answer.live.insert(port);
    }
    return answer;
  }

  /// Whoever answers first: the registry that is configured, the one of this machine, the configured one for reading. Nothing when nobody does.
  [[nodiscard]] Result<std::optional<Answer>> ask_around() const {
    const auto wanted = registry_location(context_, user_);
    auto answer = wanted ? ask(*wanted, Access::read_write) : Result<Answer>(wanted.error());
    if (answer) return std::optional<Answer>(std::move(*answer));
    const auto error = answer.error();
    if (error.code == Errc::usage) return error;
    const auto problem = error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
    const auto local = registry::local_location(context_.environment);
    if (wanted && local && local->target != wanted->target) answer = ask(*local, Access::read_write);
    if (answer) {
      answer->pending = true;
      context_.output.warn(problem + "; going on with the registry of this machine: the other one hears of it when it is back");
      return std::optional<Answer>(std::move(*answer));
    }
    context_.output.warn(problem + "; going on without writing leases");
    // One that cannot be written can perhaps be read; one that did not answer is not asked again.
    const bool readable = wanted && wanted->backend == Location::Backend::sqlite;
    if (readable) answer = ask(*wanted, Access::read_only);
    return answer ? std::optional<Answer>(std::move(*answer)) : std::optional<Answer>();
  }

 private:
  const Context& context_;
  const config::UserConfig& user_;
  registry::Checkout checkout_;
  std::vector<Port> preferred_;
};

/// Every port that a service of the project would get first.
std::set<Port> preferred_ports(const Project& project, const config::ProjectConfig& config) {
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
  return preferred;
}

/// Who names the port of an idle project may have it, but for another worktree of its own repository: both are to have stable ports. A port that
/// somebody listens on is a matter of the conflict rule.
bool yields(const Answer& answer, const registry::Lease& lease, const std::string& repository) {
  if (lease.owner.kind != registry::OwnerKind::project) return false;
  if (!repository.empty() && lease.repository == repository) return false;
  return !answer.live.contains(lease.port) || ports::probe(lease.port) == ports::Verdict::busy;
}

void fill(api::RegistryView& view, const Answer& answer) {
  if (answer.writable) view.location = answer.location.target;
  view.pending = answer.pending;
  view.ephemeral = answer.host.ephemeral;
  view.avoid.insert(answer.neighbours.taken);
  for (const auto& [port, lease] : answer.neighbours.others) {
    view.neighbours.push_back({port, registry::describe(lease), yields(answer, lease, view.repository)});
  }
  for (const auto& [role, port] : answer.neighbours.own) {
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
  const Asking asking(context, user, {project.root(), name, view.repository}, preferred_ports(project, config));
  TRY_ASSIGN(const auto answer, asking.ask_around());
  if (answer) fill(view, *answer);
  return view;
}

}  // namespace devinit::cli
