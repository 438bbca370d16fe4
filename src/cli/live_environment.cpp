#include "cli/live_environment.hpp"

#include <algorithm>

#include "cli/targets.hpp"
#include "config/templates.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;

/// The ports that services have now, and those of others that `.ports.json` names. What it is given outlives it.
config::PortLookup lookup_in(const engine::ProjectSnapshot& running, const config::ProjectConfig& config,
                             const std::vector<std::pair<std::string, Port>>& passive) {
  return [&](const std::string& service, const std::string& port_name) -> std::optional<Port> {
    const auto replicas = config.services_called(service);
    const auto& name = replicas.empty() ? service : replicas.front();
    const auto found = std::ranges::find(running.services, name, &ServiceSnapshot::name);
    if (found != running.services.end()) {
      if (port_name.empty() && found->port) return found->port;
      for (const auto& [each, port] : found->ports) {
        if (each == port_name) return port;
      }
    }
    if (!port_name.empty()) return std::nullopt;
    const auto entry = std::ranges::find(passive, service, &std::pair<std::string, Port>::first);
    return entry == passive.end() ? std::nullopt : std::optional(entry->second);
  };
}

/// External services and keys of `.ports.json` without a service.
Result<std::vector<std::pair<std::string, Port>>> passive_ports(const Project& project, const config::ProjectConfig& config) {
  std::vector<std::pair<std::string, Port>> passive;
  for (const auto& service : config.services) {
    const bool external = service.kind == config::ServiceKind::external;
    if (external && service.port && service.port->prefer) passive.emplace_back(service.name, *service.port->prefer);
  }
  TRY_ASSIGN(const auto file, load_ports_file(project));
  if (!file) return passive;
  for (const auto& [key, port] : file->entries) {
    if (config.find(key.substr(0, key.find('.'))) == nullptr && config.find(key) == nullptr) passive.emplace_back(key, port);
  }
  return passive;
}

Result<> add_env_files(const Project& project, const config::ServiceConfig& service, os::Environment& environment) {
  for (const auto& name : service.env_files) {
    const auto text = os::read_text_file(project.root() + "/" + name);
    if (!text && text.error().problem == os::FileProblem::missing) continue;  // an uncommitted .env is optional
    if (!text) return Error(Errc::config, "env file " + name + " of " + service.name + ": " + text.error().detail);
    TRY_ASSIGN(const auto entries, config::parse_env_file(*text, name));
    for (const auto& [key, value] : entries) environment[key] = value;
  }
  return {};
}

Result<std::string> only_service(const config::ProjectConfig& config, const std::string& name) {
  TRY_ASSIGN(const auto found, resolve_targets(config, {name}, {}));
  return found.front();
}

/// What stands above the caller's variables and below devinit's own.
Result<> add_service_env(const config::ServiceConfig& service, const config::PortLookup& lookup, os::Environment& environment) {
  if (service.port && !lookup(service.name, "")) {
    return Error(Errc::failed, service.name + " has no port yet: it does not run", "devinit start " + service.name);
  }
  const std::string_view host = service.port ? std::string_view(service.port->host) : std::string_view();
  environment.erase("PORT");  // the caller's own, and no port of this service
  for (const auto& [name, value] : service.env) {
    TRY_ASSIGN(environment[name], config::expand(value, service.name, lookup, host));
  }
  return {};
}

/// With a service, or where nothing could be written: all of it needs the configuration.
Result<os::Environment> configured_environment(const Project& project, const engine::ProjectSnapshot& running, const std::string& name) {
  TRY_ASSIGN(const auto config, load_config(project));
  TRY_ASSIGN(const auto passive, passive_ports(project, config));
  const auto lookup = lookup_in(running, config, passive);
  os::Environment environment;
  const config::ServiceConfig* service = nullptr;
  if (!name.empty()) {
    TRY_ASSIGN(const auto found, only_service(config, name));
    service = config.find(found);
    TRY(add_env_files(project, *service, environment));
  }
  for (const auto& [key, value] : project.environment) environment[key] = value;
  if (service != nullptr) TRY(add_service_env(*service, lookup, environment));
  TRY_ASSIGN(const auto variables, config::runtime_variables(config, passive, lookup));
  for (const auto& [key, value] : variables) environment[key] = value;
  if (service == nullptr) return environment;
  environment["DEVINIT_SERVICE"] = service->name;
  if (const auto port = lookup(service->name, "")) environment["PORT"] = std::to_string(*port);
  return environment;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> runtime_entries(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> entries;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos || equals == 0) continue;
    entries.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return entries;
}

Result<os::Environment> live_environment(const Project& project, const engine::ProjectSnapshot& running, const std::string& service) {
  const auto file = os::read_text_file(project.paths.runtime_env_file);
  const bool written = file && !project.paths.read_only;  // else it came with the folder, and nobody keeps it true
  os::Environment environment = project.environment;
  if (!service.empty() || !written) {
    TRY_ASSIGN(environment, configured_environment(project, running, service));
  }
  if (written) {
    for (const auto& [name, value] : runtime_entries(*file)) environment[name] = value;
  }
  environment["DEVINIT_ROOT"] = project.root();
  environment["DEVINIT_PROJECT"] = running.project;
  return environment;
}

}  // namespace devinit::cli
