// `reload`: an edited configuration is applied to what runs, and nothing that it does not change is touched.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using config::ServiceKind;

bool gets_notify_socket(const config::ServiceConfig& config) {
  return config.ready.kind == config::ProbeKind::notify || (config.live && config.live->probe.kind == config::ProbeKind::notify);
}

/// 0: none.
Millis watchdog(const config::ServiceConfig& config) {
  const bool barks = config.live && config.live->probe.kind == config::ProbeKind::notify;
  return barks ? config.live->probe.period : Millis{0};
}

/// Without what only we look at, and its processes never learn.
config::ServiceConfig as_its_processes_know_it(config::ServiceConfig config) {
  config.ready = {};
  config.live.reset();
  config.stop = {};
  config.restart = {};
  config.depends_on.clear();
  config.on_dependency_loss = {};
  config.watch.reset();
  config.schedule.reset();
  config.hooks = {.before_start = config.hooks.before_start, .after_ready = {}, .before_stop = {}, .after_exit = {}};
  config.preset.clear();
  config.disabled = false;
  return config;
}

/// What has failed is tried again after any edit, and the probe of what others run is all there is of it.
bool needs_restart(const ServiceEntry& service, const config::ServiceConfig& wanted) {
  const auto& has = service.plan.config;
  if (has == wanted) return false;
  if (service.state() == State::failed || service.is(ServiceKind::external)) return true;
  if (gets_notify_socket(has) != gets_notify_socket(wanted) || watchdog(has) != watchdog(wanted)) return true;
  return as_its_processes_know_it(has) != as_its_processes_know_it(wanted);
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
    auto* service = find(config.name);
    const bool joins = config.kind != ServiceKind::external && !config.disabled;
    if (service == nullptr || service->removed || (service->down() && service->plan.config.disabled)) {
      if (joins) operation.added.insert(config.name);
      continue;
    }
    (service->wanted ? others_wanted : any_unwanted) |= joins;
    if (!is_in_use(*service)) continue;
    const bool other_ports = service->wants_other_ports(plan);
    const bool left = config.disabled && !service->plan.config.disabled;
    if (!left && !other_ports && !needs_restart(*service, config)) {
      take_over_in_place(*service, plan);
      continue;
    }
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

/// Its processes run on; what is decided about them goes by the new settings.
void Engine::take_over_in_place(Entry& service, const ServicePlan& plan) {
  if (service.plan.config == plan.config) return;
  service.take_over(plan);
  if (plan.config.on_dependency_loss != config::DependencyLoss::restart) service.restart_due = false;
  news_.push_back(&service);  // it may wait for others than before
  effects_.push_back(ServiceEffect{service.name(), MachineEffect::renew});
  effects_.push_back(Changed{service.name()});
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
