#include "cli/targets.hpp"

#include <algorithm>
#include <set>

#include "base/suggest.hpp"
#include "project/project.hpp"

namespace devinit::cli {
namespace {

Error unknown_profile(const config::ProjectConfig& config, const std::string& profile) {
  std::vector<std::string> known;
  for (const auto& [name, services] : config.profiles) known.push_back(name);
  std::string hint;
  if (const auto close = nearest(profile, known)) hint = "did you mean `" + *close + "`? ";
  hint += known.empty() ? "the configuration has no `profiles`" : "profiles here:";
  for (const auto& name : known) hint += " " + name;
  return Error(Errc::usage, "there is no profile `" + profile + "`", hint);
}

void add_with_dependencies(const config::ProjectConfig& config, const std::string& name, std::set<std::string>& wanted) {
  if (!wanted.insert(name).second) return;
  const auto* service = config.find(name);
  if (service == nullptr) return;
  for (const auto& dependency : service->depends_on) add_with_dependencies(config, dependency.service, wanted);
}

bool started_by_all(const config::ServiceConfig& service) {
  return !service.disabled && service.kind != config::ServiceKind::external;
}

}  // namespace

std::vector<std::string> names_of_services(const config::ProjectConfig& config) {
  auto names = project::service_names(config);
  for (const auto& service : config.services) {
    const auto& group = service.replica_of;
    if (!group.empty() && std::ranges::find(names, group) == names.end()) names.push_back(group);
  }
  return names;
}

Result<std::vector<std::string>> resolve_targets(const config::ProjectConfig& config, const std::vector<std::string>& names,
                                                 const std::vector<std::string>& profiles) {
  TRY(project::check_targets(names, names_of_services(config)));
  std::set<std::string> wanted;
  for (const auto& name : names) {
    for (auto& service : config.services_called(name)) wanted.insert(std::move(service));
  }
  for (const auto& profile : profiles) {
    const auto found = config.profiles.find(profile);
    if (found == config.profiles.end()) return unknown_profile(config, profile);
    // No target at all would mean everything.
    if (found->second.empty()) return Error(Errc::usage, "the profile `" + profile + "` names no service");
    wanted.insert(found->second.begin(), found->second.end());
  }
  std::vector<std::string> targets;
  for (const auto& service : config.services) {
    if (wanted.contains(service.name)) targets.push_back(service.name);
  }
  return targets;
}

std::vector<const config::ServiceConfig*> with_dependencies(const config::ProjectConfig& config, const std::vector<std::string>& targets) {
  std::set<std::string> wanted;
  for (const auto& target : targets) add_with_dependencies(config, target, wanted);
  for (const auto& service : config.services) {
    if (targets.empty() && started_by_all(service)) add_with_dependencies(config, service.name, wanted);
  }
  std::vector<const config::ServiceConfig*> services;
  for (const auto& service : config.services) {
    if (wanted.contains(service.name)) services.push_back(&service);
  }
  return services;
}

}  // namespace devinit::cli
