#include "engine/engine.hpp"

#include <algorithm>

#include "config/templates.hpp"

namespace devinit::engine {

std::vector<Effect> Engine::step(const Event& event, TimePoint now) {
  effects_.clear();
  std::visit([&](const auto& what) { handle(what, now); }, event);
  settle(now);
  return std::move(effects_);
}

Engine::Service* Engine::find(const std::string& name) {
  const auto at = services_.find(name);
  return at == services_.end() ? nullptr : &at->second;
}

const Engine::Service* Engine::find(const std::string& name) const {
  const auto at = services_.find(name);
  return at == services_.end() ? nullptr : &at->second;
}

Operation* Engine::find_operation(OperationId id) {
  for (const auto& operation : operations_) {
    if (operation->id == id) return operation.get();
  }
  return nullptr;
}

/// Feeds one service's machine and passes on what it wants.
void Engine::send(const std::string& name, ServiceMachine::Event event, TimePoint now) {
  auto* service = find(name);
  if (service == nullptr) return;
  const auto state = service->machine.state();
  const auto detail = service->machine.detail();
  for (const auto effect : service->machine.step(event, now)) {
    if (effect == ServiceMachine::Effect::spawn) {
      service->spawned_with = ports();
      service->stale = false;
    }
    const bool keeps_ports = std::any_of(operations_.begin(), operations_.end(), [&](const auto& operation) {
      return operation->phase == Operation::Phase::down && !operation->request.all && operation->has_target(name);
    });
    if (effect == ServiceMachine::Effect::release && keeps_ports) {
      effects_.push_back(ServiceEffect{name, ServiceMachine::Effect::close_fence});
      continue;
    }
    if (effect == ServiceMachine::Effect::release) {
      release_all(name);
    } else {
      effects_.push_back(ServiceEffect{name, effect});
    }
  }
  if (!service->machine.running()) {
    service->pid.reset();
    service->stale = false;
  }
  if (service->machine.state() != state || service->machine.detail() != detail) effects_.push_back(Changed{name});
}

void Engine::release_all(const std::string& name) {
  for (auto& port : find(name)->ports) port.held = false;
  effects_.push_back(ServiceEffect{name, ServiceMachine::Effect::release});
}

void Engine::handle(const ServiceEvent& event, TimePoint now) {
  auto* service = find(event.service);
  if (service == nullptr) return;
  if (event.event.kind == ServiceMachine::EventKind::spawned) {
    service->pid = event.pid;
    effects_.push_back(Changed{event.service});
  }
  send(event.service, event.event, now);
}

void Engine::handle(const PortChanged& event, TimePoint now) {
  auto* service = find(event.service);
  if (service == nullptr) return;
  for (auto& port : service->ports) {
    if (port.port_name != event.port_name || port.port == event.port) continue;
    if (!event.held && port.held) continue;  // it has been started since
    const Port before = port.port;
    port.port = event.port;
    port.source = event.source;
    port.held = event.held;
    effects_.push_back(TellMoved{0, event.service, event.port_name, before, event.port, event.reason});
    effects_.push_back(WriteFiles{0});
    effects_.push_back(Changed{event.service});
  }
  find_stale(now);
}

/// The service whose port is not any more what `service` was told when it was spawned.
std::optional<std::string> Engine::outdated_port(const Service& service) const {
  for (const auto& told : service.spawned_with) {
    const auto current = port_of(told.service, told.port_name);
    if (told.service != service.plan.config.name && current && *current != told.port) return told.service;
  }
  return std::nullopt;
}

/// After ports have changed: who was spawned with an old value is restarted once by the command that started it, else shown as stale.
void Engine::find_stale(TimePoint now) {
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    const auto state = service.machine.state();
    if (state != State::starting && state != State::ready) continue;
    const auto outdated = outdated_port(service);
    if (service.stale == outdated.has_value()) continue;
    Operation* starter = nullptr;
    for (const auto& operation : operations_) {
      if (operation->phase == Operation::Phase::waiting && operation->started.contains(name)) starter = operation.get();
    }
    if (outdated && starter != nullptr && starter->restarted_stale.insert(name).second) {
      effects_.push_back(Tell{0, "info", name, "restarting it, because the port of " + *outdated + " changed"});
      send(name, {ServiceMachine::EventKind::restart}, now);
    } else {
      service.stale = outdated.has_value();
      effects_.push_back(Changed{name});
    }
  }
}

void Engine::handle(const FilesChanged&, TimePoint) {}

void Engine::handle(const Tick&, TimePoint now) {
  for (const auto& name : order_) {
    const auto deadline = services_.at(name).machine.deadline();
    if (deadline && *deadline <= now) send(name, {ServiceMachine::EventKind::deadline}, now);
  }
}

std::optional<TimePoint> Engine::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [name, service] : services_) {
    const auto deadline = service.machine.deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

/// Takes over the configuration of a request. What runs keeps the settings it was started with, until it is restarted.
void Engine::adopt_configuration(const StartRequest& request) {
  std::vector<std::string> order;
  for (const auto& plan : request.services) {
    const auto& name = plan.config.name;
    order.push_back(name);
    auto* known = find(name);
    if (known == nullptr) {
      const auto seed = seed_ + static_cast<std::uint32_t>(services_.size() * 7919);
      services_.emplace(name, Service{plan, ServiceMachine(plan.config, seed), {}, {}, false, false, {}, {}, false});
    } else if (is_down(known->machine.state())) {
      known->plan = plan;
      known->machine.reconfigure(plan.config);
    }
    find(name)->removed = false;
  }
  for (const auto& name : order_) {
    if (std::count(order.begin(), order.end(), name) > 0) continue;
    services_.at(name).removed = true;
    order.push_back(name);
  }
  order_ = std::move(order);
  forget_removed();
}

void Engine::forget_removed() {
  std::erase_if(order_, [&](const std::string& name) {
    const auto& service = services_.at(name);
    if (!service.removed || !is_down(service.machine.state())) return false;
    services_.erase(name);
    return true;
  });
}

/// Targets and all they depend on, in configuration order.
std::vector<std::string> Engine::with_dependencies(const std::vector<std::string>& targets) const {
  std::set<std::string> wanted;
  std::vector<std::string> pending = targets;
  while (!pending.empty()) {
    const auto name = pending.back();
    pending.pop_back();
    const auto* service = find(name);
    if (service == nullptr || !wanted.insert(name).second) continue;
    const auto& needs = service->plan.config.depends_on;
    for (const auto& need : needs) pending.push_back(need.service);
  }
  std::vector<std::string> result;
  for (const auto& name : order_) {
    if (wanted.contains(name)) result.push_back(name);
  }
  return result;
}

bool Engine::idle() const {
  return operations_.empty() &&
         std::all_of(services_.begin(), services_.end(), [](const auto& entry) { return is_down(entry.second.machine.state()); });
}

std::vector<ServiceSnapshot> Engine::snapshots() const {
  std::vector<ServiceSnapshot> result;
  for (const auto& name : order_) result.push_back(snapshot(name));
  return result;
}

ServiceSnapshot Engine::snapshot(const std::string& name) const {
  ServiceSnapshot result;
  result.name = name;
  const auto* service = find(name);
  if (service == nullptr) return result;
  result.state = service->machine.state();
  result.ready = result.state == State::ready;
  result.wanted = service->wanted;
  result.pid = service->pid;
  result.restarts = service->machine.restarts();
  result.detail = service->machine.detail();
  result.stale = service->stale;
  for (const auto& port : service->ports) {
    if (port.port_name.empty()) {
      result.port = port.port;
      result.port_source = port.source;
      const auto& spec = service->plan.config.port;
      result.url = config::service_url(port.port, spec ? spec->host : std::string());
    } else {
      result.ports.emplace_back(port.port_name, port.port);
    }
  }
  return result;
}

TimePoint Engine::since(const std::string& name) const {
  const auto* service = find(name);
  return service == nullptr ? TimePoint{} : service->machine.since();
}

Engine::Times Engine::times(const std::string&) const { return {}; }

const config::ServiceConfig* Engine::config_of(const std::string& name) const {
  const auto* service = find(name);
  return service == nullptr ? nullptr : &service->plan.config;
}

std::optional<Port> Engine::port_of(const std::string& name, const std::string& port_name) const {
  const auto* service = find(name);
  if (service == nullptr) return std::nullopt;
  for (const auto& port : service->ports) {
    if (port.port_name == port_name) return port.port;
  }
  return std::nullopt;
}

std::vector<KnownPort> Engine::ports() const {
  std::vector<KnownPort> result;
  for (const auto& name : order_) {
    const auto& ports = services_.at(name).ports;
    result.insert(result.end(), ports.begin(), ports.end());
  }
  return result;
}

}  // namespace devinit::engine
