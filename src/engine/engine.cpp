#include "engine/engine.hpp"

#include <algorithm>

namespace devinit::engine {

using Kind = MachineEventKind;

std::vector<Effect> Engine::step(const Event& event, TimePoint now) {
  effects_.clear();
  news_.clear();
  heard_ = 0;
  for (const auto& operation : operations_) operation->news_at = 0;
  std::visit([&](const auto& what) { handle(what, now); }, event);
  settle(now);
  return std::move(effects_);
}

Engine::Entry* Engine::find(const std::string& name) {
  const auto at = services_.find(name);
  return at == services_.end() ? nullptr : &at->second;
}

const Engine::Entry* Engine::find(const std::string& name) const {
  const auto at = services_.find(name);
  return at == services_.end() ? nullptr : &at->second;
}

Operation* Engine::find_operation(OperationId id) {
  for (const auto& operation : operations_) {
    if (operation->id == id && id != kNobody) return operation.get();
  }
  return nullptr;
}

/// Feeds one service's machine, passes on what it wants and notes what that means to others.
void Engine::send(Entry& service, MachineEvent event, TimePoint now) {
  const auto& machine = service.machine;
  const auto state = machine.state();
  const auto detail = machine.detail();
  const auto conditions = service.conditions();
  const bool quiet = service.quiet();
  const bool healthy = machine.healthy();
  const auto kind = event.kind;
  const auto effects = service.machine.step(event, now);
  service.note(state, kind, now);
  for (const auto effect : effects) {
    if (effect == MachineEffect::spawn) {
      if (!service.is(config::ServiceKind::external)) service.spawned_with = ports_now();
      service.stale = false;
      service.restart_due = false;
    }
    if (effect != MachineEffect::release) {
      effects_.push_back(ServiceEffect{service.name(), effect});
    } else if (!service.is(config::ServiceKind::external) && keeps_ports(service.name())) {
      effects_.push_back(ServiceEffect{service.name(), MachineEffect::close_fence});
    } else {
      release_all(service);
    }
  }
  if (!machine.running()) {
    service.pid.reset();
    service.stale = false;
  }
  arm(service);
  if (quiet && !service.quiet()) ++loud_;
  if (!quiet && service.quiet()) --loud_;
  const auto now_met = service.conditions();
  service.lost.started |= conditions.started && !now_met.started;
  service.lost.ready |= conditions.ready && !now_met.ready;
  if (machine.state() != state || now_met != conditions) news_.push_back(&service);
  if (machine.state() != state || machine.detail() != detail || machine.healthy() != healthy) effects_.push_back(Changed{service.name()});
}

/// Keeps the index of deadlines true.
void Engine::arm(Entry& service) {
  const auto deadline = service.machine.deadline();
  if (deadline == service.armed) return;
  if (service.armed) deadlines_.erase({*service.armed, &service});
  if (deadline) deadlines_.insert({*deadline, &service});
  service.armed = deadline;
}

void Engine::release_all(Entry& service) {
  for (auto& port : service.ports) port.held = false;
  effects_.push_back(ServiceEffect{service.name(), MachineEffect::release});
}

void Engine::handle(const ServiceEvent& event, TimePoint now) {
  auto* service = find(event.service);
  if (service == nullptr) return;
  if (event.event.kind == Kind::spawned) {
    service->pid = event.pid;
    effects_.push_back(Changed{event.service});
  }
  // What was released for a while, and is claimed again without a plan.
  if (event.event.kind == Kind::claimed && service->state() == State::claiming) {
    for (auto& port : service->ports) port.held = true;
  }
  send(*service, event.event, now);
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
    ports_now_.reset();
    effects_.push_back(TellMoved{0, event.service, event.port_name, before, event.port, event.reason});
    effects_.push_back(WriteFiles{0});
    effects_.push_back(Changed{event.service});
  }
  find_stale(now);
}

PortsThen Engine::ports_now() {
  if (!ports_now_) ports_now_ = std::make_shared<const std::vector<KnownPort>>(ports());
  return ports_now_;
}

/// Services whose port is not any more what it was then.
std::set<std::string> Engine::moved_since(const PortsThen& then) const {
  std::set<std::string> moved;
  if (!then || then == ports_now_) return moved;
  for (const auto& told : *then) {
    const auto current = port_of(told.service, told.port_name);
    if (current && *current != told.port) moved.insert(told.service);
  }
  return moved;
}

/// After ports have changed: who was spawned with an old value is restarted once by the command that started it or by a reload, else shown
/// as stale.
void Engine::find_stale(TimePoint now) {
  std::map<PortsThen, std::set<std::string>> moved;  // few: services that were spawned between two changes share theirs
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    if (service.state() != State::starting && service.state() != State::ready) continue;
    const auto known = moved.find(service.spawned_with);
    const auto& others = known != moved.end() ? known->second
                                              : moved.emplace(service.spawned_with, moved_since(service.spawned_with)).first->second;
    const auto outdated = std::find_if(others.begin(), others.end(), [&](const auto& other) { return other != name; });
    const bool stale = outdated != others.end();
    if (service.stale == stale) continue;
    Operation* starter = nullptr;
    for (const auto& operation : operations_) {
      if (operation->phase != Operation::Phase::waiting) continue;
      if (operation->started.contains(name) || operation->kind == OperationKind::reload) starter = operation.get();
    }
    if (stale && starter != nullptr && starter->restarted_stale.insert(name).second) {
      starter->add_target(name);
      effects_.push_back(Tell{0, "info", name, "restarting it, because the port of " + *outdated + " changed"});
      send(service, {Kind::restart}, now);
    } else {
      service.stale = stale;
      effects_.push_back(Changed{name});
    }
  }
}

void Engine::handle(const Tick&, TimePoint now) {
  std::vector<Entry*> due;
  for (const auto& [deadline, service] : deadlines_) {
    if (deadline > now) break;
    due.push_back(service);
  }
  std::sort(due.begin(), due.end(), [](const Entry* a, const Entry* b) { return a->rank < b->rank; });
  for (auto* service : due) {
    if (service->armed && *service->armed <= now) send(*service, {Kind::deadline}, now);
  }
  for (const auto& operation : operations_) {
    if (operation->kill_at && *operation->kill_at <= now) {
      operation->kill_at.reset();
      effects_.push_back(Tell{operation->id, "warning", "", "its time is up: killing what is left"});
      end_without_grace(*operation, now);
    }
    if (operation->progress_at && *operation->progress_at <= now) tell_who_blocks(*operation, now);
  }
}

std::optional<TimePoint> Engine::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider_time = [&next](const std::optional<TimePoint>& time) {
    if (time && (!next || *time < *next)) next = time;
  };
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  for (const auto& operation : operations_) {
    consider_time(operation->kill_at);
    consider_time(operation->progress_at);
  }
  return next;
}

}  // namespace devinit::engine
