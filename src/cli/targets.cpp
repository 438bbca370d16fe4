#include "cli/targets.hpp"

#include <algorithm>
#include <set>

#include "base/suggest.hpp"
#include "cli/usage_mistakes.hpp"
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

/// The names that do not exist, all of them: one mistake says what there is.
Result<> check_profiles(const config::ProjectConfig& config, const std::vector<std::string>& profiles) {
  UsageMistakes mistakes;
  for (const auto& profile : profiles) {
    if (!config.profiles.contains(profile)) mistakes.note(unknown_profile(config, profile));
  }
  return mistakes.result();
}

/// The services of a profile that are not disabled; no target at all would mean everything.
Result<std::vector<std::string>> members_of(const config::ProjectConfig& config, const std::string& profile) {
  auto members = config.profiles.at(profile);
  if (members.empty()) return Error(Errc::usage, "the profile `" + profile + "` names no service");
  const auto first = members.front();
  std::erase_if(members, [&](const auto& name) {
    const auto* service = config.find(name);
    return service != nullptr && service->disabled;
  });
  if (!members.empty()) return members;
  return Error(Errc::usage, "all services of the profile `" + profile + "` are disabled", "by its own name each is started all the same: " + first);
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
  TRY(check_profiles(config, profiles));
  for (const auto& profile : profiles) {
    TRY_ASSIGN(const auto members, members_of(config, profile));
    wanted.insert(members.begin(), members.end());
  }
  std::vector<std::string> targets;
  for (const auto& service : config.services) {
    if (wanted.contains(service.name)) targets.push_back(service.name);
  }
  return targets;
}

Result<std::string> exit_code_source(const config::ProjectConfig& config, const std::string& name) {
  const std::string option = "--exit-code-from " + name + ": ";
  TRY_ASSIGN(const auto found, resolve_targets(config, {name}, {}));
  if (found.size() > 1) return Error(Errc::usage, option + "needs one service, and this has replicas", "for instance " + found.front());
  switch (config.find(found.front())->kind) {
    case config::ServiceKind::external:
      return Error(Errc::usage, option + "it is external, run by others: devinit does not see how it ends", "name a service or a task");
    case config::ServiceKind::scheduled:
      return Error(Errc::usage, option + "it is scheduled, so it runs again and again and has no end", "name a service or a task");
    case config::ServiceKind::service:
    case config::ServiceKind::task:
      break;
  }
  return found.front();
}

std::vector<std::string> with_target(const config::ProjectConfig& config, std::vector<std::string> targets, const std::string& service) {
  const bool all = targets.empty();
  if (all && started_by_all(*config.find(service))) return targets;
  std::vector<std::string> result;
  for (const auto& known : config.services) {
    const bool wanted = all ? started_by_all(known) : std::ranges::find(targets, known.name) != targets.end();
    if (wanted || known.name == service) result.push_back(known.name);
  }
  return result;
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
