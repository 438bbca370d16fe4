#include "supervisor/start_context.hpp"

#include <algorithm>

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
    const bool configured = context.choices.contains(key) || context.config.find(key) != nullptr;
    if (!configured) context.passive.emplace_back(key, port);
  }
}

engine::PortWish wish_for(const StartContext& context, const std::string& service, const std::string& port_name) {
  const auto& choice = context.choices.at(config::ports_key(service, port_name));
  engine::PortWish wish;
  wish.service = service;
  wish.port_name = port_name;
  wish.prefer = choice.port;
  wish.strict = choice.strict;
  wish.source = config::describe(choice.source);
  if (choice.range) {
    wish.search = *choice.range;
  } else if (choice.port) {
    wish.search = kUpward;
  } else {
    wish.search = context.config.automatic_range.value_or(kAutomaticRange);
  }
  return wish;
}

}  // namespace

Result<StartContextPtr> load_start_context(const project::Project& project) {
  auto context = std::make_shared<StartContext>();
  context->project = project;
  TRY_ASSIGN(context->config, project::load_config(project));
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
  request.avoid = context.config.denied_ports;
  for (const auto& [key, port] : context.passive) request.avoid.push_back(port);
  for (const auto& service : context.config.services) {
    if (service.kind == config::ServiceKind::external || service.disabled) continue;
    engine::ServicePlan plan{service, {}};
    for (const auto& [name, spec] : all_ports(service)) plan.ports.push_back(wish_for(context, service.name, name));
    request.services.push_back(std::move(plan));
  }
  return request;
}

}  // namespace devinit::supervisor
