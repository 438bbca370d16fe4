// `reload`: an edited configuration is applied to what runs, and nothing that it does not change is touched.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using config::ServiceKind;

/// Other ports are wanted than the service was planned with. A preferred port that it has is no other one, wherever that is written now.
bool wants_other_ports(const ServiceEntry& service, const ServicePlan& plan) {
  if (service.plan.ports.size() != plan.ports.size()) return true;
  for (const auto& wish : plan.ports) {
    const auto same_name = [&](const auto& other) { return other.port_name == wish.port_name; };
    const auto before = std::find_if(service.plan.ports.begin(), service.plan.ports.end(), same_name);
    if (before == service.plan.ports.end()) return true;
    const auto has = std::find_if(service.ports.begin(), service.ports.end(), same_name);
    const bool has_it = has != service.ports.end() && wish.prefer == has->port;
    if (!has_it && wish.prefer != before->prefer) return true;
  }
  return false;
}

/// It runs, or it came to its end in a way that another configuration may change.
bool is_in_use(const ServiceEntry& service) { return !service.down() || (service.wanted && service.state() != State::stopped); }

}  // namespace

void Engine::begin_reload(Operation& operation, TimePoint now) {
  std::set<std::string> present;
  std::vector<std::string> going_down;
  bool others_wanted = false;
  bool any_unwanted = false;
  for (const auto& plan : operation.request.services) {
    const auto& config = plan.config;
    present.insert(config.name);
    const auto* service = find(config.name);
    const bool joins = config.kind != ServiceKind::external && !config.disabled;
    if (service == nullptr || service->removed || (service->down() && service->plan.config.disabled)) {
      if (joins) operation.added.insert(config.name);
      continue;
    }
    (service->wanted ? others_wanted : any_unwanted) |= joins;
    if (!is_in_use(*service)) continue;
    const bool other_ports = wants_other_ports(*service, plan);
    const bool left = config.disabled && !service->plan.config.disabled;
    if (!left && !other_ports && service->plan.config == config) continue;
    going_down.push_back(config.name);
    if (left || other_ports) operation.replanned.insert(config.name);
    if (!left) operation.coming_up.push_back(config.name);
    if (left) operation.leaving.insert(config.name);
  }
  for (const auto& name : order_) {
    if (present.contains(name) || find(name)->down()) continue;
    going_down.push_back(name);
    operation.replanned.insert(name);
    operation.leaving.insert(name);
  }
  if (any_unwanted || !others_wanted) operation.added.clear();
  operation.coming_up.insert(operation.coming_up.end(), operation.added.begin(), operation.added.end());
  operation.named = {operation.coming_up.begin(), operation.coming_up.end()};
  adopt_configuration(operation.request);
  operation.aim_at(std::move(going_down));
  enter(operation, Operation::Phase::down, now);
}

/// Services that are new are held by who holds the others: by `up` commands only when no `start` has started any.
void Engine::hold_added(const Operation& operation) {
  std::set<OperationId> holders;
  for (const auto& [name, service] : services_) {
    if (!operation.added.contains(name)) holders.insert(service.holders.begin(), service.holders.end());
  }
  if (holders.empty() || holders.contains(kDurableHold)) return;
  for (const auto& name : operation.added) {
    find(name)->holders = holders;
    for (const auto holder : holders) {
      if (auto* up = find_operation(holder); up != nullptr) up->started.insert(name);
    }
  }
}

}  // namespace devinit::engine
