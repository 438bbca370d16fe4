#include "supervisor/start_context.hpp"

#include <algorithm>

#include "config/service_host.hpp"
#include "config/templates.hpp"
#include "os/files.hpp"

namespace devinit::supervisor {
namespace {

/// Where ports come from when nobody said a number.
constexpr PortRange kAutomaticRange{3000, 9999};
constexpr PortRange kUpward{1024, 65535};

/// All ports of a service: the main one (empty name) first.
std::vector<std::pair<std::string, config::PortSpec>> all_ports(const config::ServiceConfig& service) {
  std::vector<std::pair<std::string, config::PortSpec>> ports;
  if (service.port) ports.emplace_back("", *service.port);
  ports.insert(ports.end(), service.ports.begin(), service.ports.end());
  return ports;
}

void add_passive(StartContext& context, const std::optional<config::PortsFile>& file) {
  for (const auto& service : context.config.services) {
    const bool external = service.kind == config::ServiceKind::external;
    if (external && service.port && service.port->prefer) context.passive.emplace_back(service.name, *service.port->prefer);
  }
  if (!file) return;
  for (const auto& [key, port] : file->entries) {
    // Of a service is also what is disabled, and a further port that it does not have any more.
    const auto& config = context.config;
    const bool passive = config.services_called(key).empty() && config.services_called(key.substr(0, key.find('.'))).empty();
    if (passive) context.passive.emplace_back(key, port);
  }
}

/// A pool is only about numbers that nobody named.
const api::RegistryView::Pool* pool_of(const StartContext& context, const std::string& role) {
  const auto pool = context.registry.pools.find(role);
  return pool == context.registry.pools.end() || context.choices.at(role).range ? nullptr : &pool->second;
}

/// A lease of another owner keeps automatic choices off a port, and named ones, too, unless it yields.
void respect_lease(const StartContext& context, const config::PortChoice& choice, engine::PortWish& wish) {
  if (!choice.port) return;
  const auto* neighbour = context.registry.neighbour_on(*choice.port);
  if (neighbour != nullptr && !(neighbour->yields && is_named(choice))) wish.leased_to = neighbour->owner;
}

engine::PortWish wish_for(const StartContext& context, const std::string& service, const std::string& port_name) {
  const auto role = config::ports_key(service, port_name);
  const auto& choice = context.choices.at(role);
  engine::PortWish wish;
  wish.service = service;
  wish.port_name = port_name;
  wish.prefer = choice.port;
  wish.strict = choice.strict;
  wish.whole_range = choice.whole_range;
  wish.source = config::describe(choice.source);
  wish.search = fallback_range(context, role);
  if (const auto* pool = pool_of(context, role)) wish.step = pool->step;
  respect_lease(context, choice, wish);
  wish.ephemeral_first = context.registry.ephemeral_first;
  // Only beside a preferred port: who has none and no `.ports.json` has been made to forget.
  const auto own = context.registry.own.find(role);
  if (choice.port && own != context.registry.own.end()) wish.usual = own->second;
  return wish;
}

/// What cannot be read is told later, when the services are about to get it.
config::Variables env_file_variables(const project::Project& project, const config::ServiceConfig& service) {
  config::Variables variables;
  for (const auto& name : service.env_files) {
    const auto text = os::read_text_file(project.root() + "/" + name);
    if (!text) continue;
    const auto entries = config::parse_env_file(*text, name);
    if (!entries) continue;
    for (const auto& [key, value] : *entries) variables[key] = value;
  }
  return variables;
}

}  // namespace

bool is_named(const config::PortChoice& choice) noexcept {
  return choice.source == config::PortSource::hand_set || choice.source == config::PortSource::config;
}

PortRange fallback_range(const StartContext& context, const std::string& role) {
  const auto& choice = context.choices.at(role);
  if (choice.range) return *choice.range;
  if (const auto* pool = pool_of(context, role)) return {pool->start, pool->end};
  return choice.port ? kUpward : context.config.automatic_range.value_or(kAutomaticRange);
}

PortSet ports_to_avoid(const StartContext& context) {
  PortSet avoid = context.registry.avoid;
  for (const Port port : context.config.denied_ports) avoid.insert(port);
  for (const auto& [key, port] : context.passive) avoid.insert(port);
  return avoid;
}

Result<StartContextPtr> load_start_context(const project::Project& project, std::optional<api::RegistryView> registry,
                                           std::map<std::string, std::string> fingerprints) {
  auto context = std::make_shared<StartContext>();
  context->project = project;
  if (registry) context->registry = std::move(*registry);
  context->fingerprints = std::move(fingerprints);
  TRY_ASSIGN(context->config, project::load_config(project));
  context->notices = config::apply_host_variable(context->config, project.environment, [&](const auto& service) {
    return env_file_variables(project, service);
  });
  TRY_ASSIGN(const auto file, project::load_ports_file(project));
  const auto record = project::load_ports_record(project);
  if (record) context->record = *record;
  for (const auto& service : context->config.services) {
    for (const auto& [name, spec] : all_ports(service)) {
      const auto key = config::ports_key(service.name, name);
      context->choices[key] = config::choose_port(spec, key, file ? &*file : nullptr, record ? &*record : nullptr);
    }
  }
  add_passive(*context, file);
  return StartContextPtr(std::move(context));
}

engine::StartRequest plan_request(const StartContext& context, engine::OperationId operation, engine::OperationKind kind,
                                  const std::vector<std::string>& targets) {
  engine::StartRequest request;
  request.operation = operation;
  request.kind = kind;
  request.targets = targets;
  request.all = targets.empty();
  request.avoid = std::make_shared<const PortSet>(ports_to_avoid(context));
  for (const auto& service : context.config.services) {
    const bool named = std::find(targets.begin(), targets.end(), service.name) != targets.end();
    if (service.disabled && !named) continue;
    engine::ServicePlan plan{service, {}};
    if (service.kind != config::ServiceKind::external) {  // others have chosen its port
      for (const auto& [name, spec] : all_ports(service)) plan.ports.push_back(wish_for(context, service.name, name));
    }
    request.services.push_back(std::move(plan));
  }
  return request;
}

}  // namespace devinit::supervisor
