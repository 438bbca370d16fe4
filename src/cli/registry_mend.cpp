#include <algorithm>
#include <map>
#include <set>

#include "cli/registry_audit.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;
using Mend = Finding::Mend;

Result<std::optional<std::string>> release(registry::Registry& registry, const std::string& root) {
  TRY_ASSIGN(const auto released, registry.release_project(root));
  if (released.empty()) return std::optional<std::string>();
  std::string ports;
  for (const auto& lease : released) ports += (ports.empty() ? "" : ", ") + std::to_string(lease.port);
  return std::optional("released " + ports + " of " + root + ", which is gone");
}

/// Somebody was faster than `check --fix`.
bool is_refused(const registry::LeaseReport& report, Port port) {
  return std::ranges::any_of(report.refused, [port](const Lease& holder) { return holder.port == port; });
}

/// The leases of a project become those that its file names. All roles go along: a role that is not wanted would lose its lease.
Result<std::optional<std::string>> follow(registry::Registry& registry, const std::string& root, const std::map<std::string, Port>& moves) {
  registry::Filter filter;
  filter.kind = registry::OwnerKind::project;
  filter.name = root;
  std::vector<Lease> leases;
  TRY(registry.each_lease(filter, [&leases](const Lease& lease) { leases.push_back(lease); }));
  if (leases.empty()) return std::optional<std::string>();
  std::vector<registry::WantedLease> wanted;
  for (const auto& lease : leases) {
    if (lease.owner.role.starts_with("run:")) continue;
    const auto move = moves.find(lease.owner.role);
    wanted.push_back({lease.owner.role, move == moves.end() ? lease.port : move->second, false});
  }
  const auto& any = leases.front();
  TRY_ASSIGN(const auto report, registry.lease_project({root, any.label, any.repository}, wanted, any.live));
  std::string text;
  for (const auto& lease : leases) {
    const auto move = moves.find(lease.owner.role);
    if (move == moves.end() || is_refused(report, move->second)) continue;
    text += (text.empty() ? "" : ", ") + lease.owner.role + " from " + std::to_string(lease.port) + " to " + std::to_string(move->second);
  }
  if (text.empty()) return std::optional<std::string>();
  return std::optional("moved the lease of " + text + " in " + root);
}

}  // namespace

Result<std::vector<std::string>> mend(registry::Registry& registry, const std::vector<Finding>& findings) {
  std::set<std::string> dead;
  std::map<std::string, std::map<std::string, Port>> moves;
  bool rebuild = false;
  for (const auto& finding : findings) {
    if (finding.mend == Mend::rebuild) rebuild = true;
    if (finding.mend == Mend::release_project) dead.insert(finding.root);
    if (finding.mend == Mend::follow_file && finding.port) moves[finding.root].emplace(finding.role, *finding.port);
  }
  std::vector<std::string> deeds;
  if (rebuild) {
    TRY(registry.verify(true));
    deeds.push_back("made the derived data of the registry anew");
  }
  for (const auto& root : dead) {
    TRY_ASSIGN(const auto deed, release(registry, root));
    if (deed) deeds.push_back(*deed);
  }
  for (const auto& [root, ports] : moves) {
    TRY_ASSIGN(const auto deed, follow(registry, root, ports));
    if (deed) deeds.push_back(*deed);
  }
  return deeds;
}

}  // namespace devinit::cli
