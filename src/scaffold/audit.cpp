#include "scaffold/audit.hpp"

#include <algorithm>

#include "os/edit_file.hpp"
#include "scaffold/app_audit.hpp"
#include "scaffold/dot_env.hpp"

namespace devinit::scaffold {
namespace {

/// How one file of the app is brought to what its mending says.
Result<> write(const std::string& root, const Mending& mending) {
  constexpr mode_t kMode = 0644;
  if (!mending.before) return os::create_text(root, mending.target, mending.content, kMode);
  return os::replace_text(root, mending.target, *mending.before, mending.content);
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
    case Fault::unclear_compose:
      return "unclear_compose";
    case Fault::unreadable_file:
      return "unreadable_file";
    case Fault::malformed_file:
      return "malformed_file";
    case Fault::not_written:
      return "not_written";
  }
  return "";
}

Result<AuditedApp> Audit::judge(const AppFolder& app) {
  std::optional<Allocation> allocation;
  if (app.owner) {
    TRY_ASSIGN(allocation, allocation_of_(app.owner->first, app.owner->second));
  }
  const std::size_t index = judged_++;
  const auto* env = app.env_of("");
  const auto expected = allocation ? values_of(app, *allocation).env_variables("") : Variables();
  const auto document = env != nullptr ? config::read_env(env->text, env->path) : config::EnvDocument();
  if (!document.diagnostics.empty()) return audit_app(app, allocation);
  const auto claim = [&](Claims& claims, const char* variable) {
    const auto* entry = find_variable(document.entries, variable);
    if (entry == nullptr || entry->value.empty()) return;
    const bool right = std::ranges::find(expected, std::pair(std::string(variable), entry->value)) != expected.end();
    claims[entry->value].push_back({index, variable, entry->line, right});
  };
  for (const char* variable : {"BACKEND_PORT", "FRONTEND_PORT"}) claim(ports_, variable);
  for (const char* variable : {"PROJECT_NAME", "COMPOSE_PROJECT_NAME"}) claim(names_, variable);
  return audit_app(app, allocation);
}

void Audit::report_shared(std::vector<AuditedApp>& apps) const {
  ASSERT(apps.size() == judged_);
  report_shared(ports_, Fault::shared_port, "port", apps);
  report_shared(names_, Fault::shared_name, "the project name", apps);
}

/// Whoever is right has nothing to mend; when all are (or nobody can tell), each is told of the others.
void Audit::report_shared(const Claims& all, Fault fault, const std::string& what, std::vector<AuditedApp>& apps) {
  for (const auto& [value, claims] : all) {
    const bool of_one = std::ranges::all_of(claims, [&](const Claim& claim) { return claim.app == claims.front().app; });
    if (of_one) continue;
    const bool all_right = std::ranges::all_of(claims, &Claim::is_right);
    for (const auto& claim : claims) {
      if (claim.is_right && !all_right) continue;
      const auto other = std::ranges::find_if(claims, [&](const Claim& candidate) { return candidate.app != claim.app; });
      auto& app = apps[claim.app];
      const bool is_mended = std::ranges::find(app.mendings, ".env", &Mending::file) != app.mendings.end();
      app.findings.push_back({fault, ".env", claim.line,
                              what + " " + value + " (" + claim.variable + ") is also that of " + apps[other->app].root,
                              "one of the two needs an allocation of its own: devinit ports get MODEL APP",
                              app.owner.has_value() && is_mended && !claim.is_right});
    }
  }
}

bool mend(AuditedApp& app) {
  std::vector<Mending> made;
  for (auto& mending : app.mendings) {
    if (const auto written = write(app.root, mending); !written) {
      const Error& error = written.error();
      app.findings.push_back({Fault::not_written, mending.file, 0, error.message, error.hint, false});
    } else {
      made.push_back(std::move(mending));
    }
  }
  const bool all = made.size() == app.mendings.size();
  app.mendings = std::move(made);
  return all;
}

Result<KnownApps> known_apps(registry::Registry& registry) {
  KnownApps known;
  registry::Filter filter;
  filter.kind = registry::OwnerKind::app;
  TRY(registry.each_lease(filter, [&](const registry::Lease& lease) {
    if (lease.checkout.empty() || lease.owner.role != kBackendRole) return;
    known.emplace(lease.checkout, AppOwner(lease.owner.name, lease.owner.instance));
  }));
  return known;
}

}  // namespace devinit::scaffold
