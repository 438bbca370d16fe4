#include "cli/pending_leases.hpp"

#include <map>
#include <vector>

#include "cli/registry_access.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

using Pending = std::map<std::string, std::vector<registry::Lease>>;  ///< by project

void report(const registry::LeaseReport& report, Output& output) {
  say_taken_over(report, output);
  for (const auto& lease : report.refused) {
    output.warn("port " + std::to_string(lease.port) + " belongs to " + registry::describe(lease) + ": it keeps the lease");
  }
}

/// Leases that were taken while the team's registry was away, by project.
Result<Pending> pending_leases(registry::Registry& local) {
  Pending pending;
  registry::Filter filter;
  filter.kind = registry::OwnerKind::project;
  TRY(local.each_lease(filter, [&](const registry::Lease& lease) {
    if (lease.pending) pending[lease.owner.name].push_back(lease);
  }));
  return pending;
}

/// `only_runs`: its other leases are known there already.
Result<> carry_over(const Context& context, registry::Registry& team, const std::vector<registry::Lease>& leases, bool only_runs) {
  const auto& first = leases.front();
  const registry::Checkout checkout{first.owner.name, first.label, first.repository};
  std::vector<registry::WantedLease> wanted;
  for (const auto& lease : leases) {
    const registry::WantedLease want{lease.owner.role, lease.port, false};
    if (!lease.owner.role.starts_with("run:")) {
      wanted.push_back(want);
      continue;
    }
    TRY_ASSIGN(const auto result, team.lease_run(checkout, want, lease.live));
    report(result, context.output);
  }
  if (wanted.empty() || only_runs) return {};
  TRY_ASSIGN(const auto result, team.lease_project(checkout, wanted, first.live));
  report(result, context.output);
  return {};
}

}  // namespace

void say_taken_over(const registry::LeaseReport& report, Output& output) {
  for (const auto& lease : report.taken_over) {
    output.say("took port " + std::to_string(lease.port) + " over from " + registry::describe(lease) + ", which is not running");
  }
}

Result<> carry_over_pending(const Context& context, const config::UserConfig& user, registry::Registry& team, const std::string& done) {
  const auto location = registry::local_location(context.environment);
  if (!location || location->target == team.location().target || !os::is_regular_file(location->target)) return {};
  TRY_ASSIGN(auto options, registry_options(context, user));
  TRY_ASSIGN(const auto local, registry::Registry::open(*location, registry::Access::read_only, options));
  TRY_ASSIGN(const auto pending, pending_leases(*local));
  if (pending.empty()) return {};
  TRY_ASSIGN(const auto settled, registry::Registry::open(*location, registry::Access::read_write, std::move(options)));
  for (const auto& [root, leases] : pending) {
    TRY(carry_over(context, team, leases, root == done));
    TRY(settled->settle_project(root));
    context.output.say("the registry knows now what was leased for " + root + " while it was away");
  }
  return {};
}

void hear_of_pending(const Context& context, const config::UserConfig& user, registry::Registry& team) {
  if (team.location().backend != registry::Location::Backend::postgresql) return;
  const auto carried = carry_over_pending(context, user, team);
  if (carried) return;
  context.output.warn("the registry does not know yet what was leased on this machine while it was away: " + carried.error().message);
}

}  // namespace devinit::cli
