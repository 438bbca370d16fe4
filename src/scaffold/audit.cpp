#include "scaffold/audit.hpp"

#include <algorithm>
#include <map>

#include "os/files.hpp"
#include "scaffold/app_audit.hpp"

namespace devinit::scaffold {
namespace {

/// Who says in its `.env` that it has a port, or a name.
struct Claim {
  std::size_t app = 0;
  std::string variable;
  int line = 0;
  bool is_right = false;  ///< the registry says so, too
};
using Claims = std::map<std::string, std::vector<Claim>>;

void add_claim(Claims& claims, const std::string& text, const std::string& variable, const Variables& expected,
               std::size_t app) {
  const auto entry = find_variable(text, variable);
  if (!entry || entry->value.empty()) return;
  const bool right = std::ranges::find(expected, std::pair(variable, entry->value)) != expected.end();
  claims[entry->value].push_back({app, variable, entry->line, right});
}

std::size_t apps_of(const std::vector<Claim>& claims) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < claims.size(); ++i) count += i == 0 || claims[i].app != claims[i - 1].app ? 1 : 0;
  return count;
}

/// Whoever is right has nothing to mend; when all are (or nobody can tell), each is told of the others.
void report_shared(const Claims& all, Fault fault, const std::string& what, std::vector<AuditedApp>& apps) {
  for (const auto& [value, claims] : all) {
    if (apps_of(claims) < 2) continue;
    const bool all_right = std::ranges::all_of(claims, &Claim::is_right);
    for (const auto& claim : claims) {
      if (claim.is_right && !all_right) continue;
      const auto other = std::ranges::find_if(claims, [&](const Claim& candidate) { return candidate.app != claim.app; });
      const bool mendable = apps[claim.app].owner.has_value() && !apps[claim.app].mendings.empty() && !claim.is_right;
      apps[claim.app].findings.push_back(
          {fault, ".env", claim.line, what + " " + value + " (" + claim.variable + ") is also that of " + apps[other->app].root,
           "one of the two needs an allocation of its own: devinit ports get MODEL APP", mendable});
    }
  }
}

}  // namespace

const char* to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::not_registered:
      return "not_registered";
    case Fault::missing_env:
      return "missing_env";
    case Fault::wrong_port:
      return "wrong_port";
    case Fault::wrong_name:
      return "wrong_name";
    case Fault::shared_port:
      return "shared_port";
    case Fault::shared_name:
      return "shared_name";
    case Fault::fixed_container_name:
      return "fixed_container_name";
    case Fault::fixed_port:
      return "fixed_port";
  }
  return "";
}

Result<std::vector<AuditedApp>> audit(const std::vector<AppFolder>& apps, const AllocationOf& allocation_of) {
  std::vector<AuditedApp> audited;
  Claims ports;
  Claims names;
  for (const auto& app : apps) {
    std::optional<Allocation> allocation;
    if (app.owner) {
      TRY_ASSIGN(allocation, allocation_of(app.owner->first, app.owner->second));
    }
    audited.push_back(audit_app(app, allocation));
    const auto* env = app.env_of("");
    if (env == nullptr) continue;
    const auto expected = allocation ? values_of(app, *allocation).env_variables("") : Variables();
    for (const char* variable : {"BACKEND_PORT", "FRONTEND_PORT"})
      add_claim(ports, env->text, variable, expected, audited.size() - 1);
    for (const char* variable : {"PROJECT_NAME", "COMPOSE_PROJECT_NAME"})
      add_claim(names, env->text, variable, expected, audited.size() - 1);
  }
  report_shared(ports, Fault::shared_port, "port", audited);
  report_shared(names, Fault::shared_name, "the project name", audited);
  return audited;
}

Result<> mend(const AuditedApp& app) {
  constexpr mode_t kMode = 0644;
  for (const auto& mending : app.mendings)
    TRY(os::replace_file(app.root + "/" + mending.file, mending.content, kMode, os::Durable::no));
  return {};
}

Result<KnownApps> known_apps(registry::Registry& registry) {
  KnownApps known;
  registry::Filter filter;
  filter.kind = registry::OwnerKind::app;
  TRY(registry.each_lease(filter, [&](const registry::Lease& lease) {
    if (lease.checkout.empty() || lease.owner.role != kBackendRole) return;
    known.emplace_back(lease.checkout, std::pair(lease.owner.name, lease.owner.instance));
  }));
  return known;
}

}  // namespace devinit::scaffold
