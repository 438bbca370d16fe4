// The phases of a command: plan every port, write the files, spawn in dependency order, wait; or stop, dependents first.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using Kind = ServiceMachine::EventKind;
using Phase = Operation::Phase;

/// Targets and all they depend on, by the request's own configuration; its operation may not have begun yet.
std::set<std::string> reach_of(const StartRequest& request) {
  std::set<std::string> reach;
  std::vector<std::string> pending = request.targets;
  while (!pending.empty()) {
    const auto name = pending.back();
    pending.pop_back();
    if (!reach.insert(name).second) continue;
    for (const auto& plan : request.services) {
      const auto& needs = plan.config.depends_on;
      if (plan.config.name != name) continue;
      for (const auto& need : needs) pending.push_back(need.service);
    }
  }
  return reach;
}

bool is_planning(const Operation& operation) {
  return operation.phase == Phase::down || operation.phase == Phase::planning || operation.phase == Phase::writing;
}

}  // namespace

void Engine::handle(const StartRequest& request, TimePoint) {
  auto operation = std::make_unique<Operation>();
  operation->id = request.operation;
  operation->kind = request.kind;
  operation->request = request;
  operations_.push_back(std::move(operation));
}

/// One plan at a time, and none while a target, or what it depends on, is still on its way down.
bool Engine::may_begin(const Operation& operation) const {
  for (const auto& other : operations_) {
    if (other.get() == &operation) break;
    if (is_planning(*other) || other->phase == Phase::queued) return false;
  }
  const auto reach = reach_of(operation.request);
  const auto concerned = [&](const std::string& name) { return operation.request.all || reach.contains(name); };
  for (const auto& other : operations_) {
    if (other->phase != Phase::stopping) continue;  // also those targets that it has not come to yet, or that are down already
    if (std::any_of(other->targets.begin(), other->targets.end(), concerned)) return false;
  }
  if (operation.kind == OperationKind::restart) return true;
  return std::none_of(order_.begin(), order_.end(), [&](const std::string& name) {
    return concerned(name) && find(name)->machine.state() == State::stopping;
  });
}

void Engine::begin(Operation& operation, TimePoint now) {
  adopt_configuration(operation.request);
  std::vector<std::string> named = operation.request.targets;
  if (operation.request.all) {
    named = order_;
    std::erase_if(named, [this](const auto& name) { return find(name)->removed && is_down(find(name)->machine.state()); });
  }
  operation.targets = std::move(named);
  if (operation.kind != OperationKind::restart) return begin_planning(operation, now);
  operation.phase = Phase::down;
}

/// A restart that ends while its targets go down: the ports that were kept for it are not needed any more.
void Engine::release_kept(const Operation& operation) {
  if (operation.phase != Phase::down) return;
  for (const auto& name : operation.targets) {
    const auto* service = find(name);
    if (service != nullptr && is_down(service->machine.state())) release_all(name);
  }
}

/// The plan cannot be carried out: nothing has been started yet, and nothing will be.
void Engine::give_up(Operation& operation, const Error& error, TimePoint now) {
  if (operation.phase == Phase::planning && operation.planner) release_foreseen(operation);
  release_kept(operation);
  for (const auto& name : operation.started) {
    find(name)->wanted = false;
    find(name)->holders.clear();
    send(name, {Kind::stop}, now);
  }
  Outcome outcome;
  outcome.error = error;
  outcome.interrupted = error.code == Errc::interrupted;
  finish(operation, std::move(outcome));
}

void Engine::handle(const StopRequest& request, TimePoint now) {
  auto operation = std::make_unique<Operation>();
  operation->id = request.operation;
  operation->kind = OperationKind::stop;
  operation->phase = Phase::stopping;
  operation->targets = request.all ? order_ : request.targets;
  for (const auto& other : operations_) {
    const bool queued = other->phase == Phase::queued;
    if (!queued && !is_planning(*other)) continue;
    const auto reach = reach_of(other->request);
    const bool concerned = request.all || std::any_of(operation->targets.begin(), operation->targets.end(), [&](const auto& name) {
                             return other->has_target(name) || (queued && (other->request.all || reach.contains(name)));
                           });
    if (concerned) give_up(*other, Error(Errc::interrupted, "stopped by another command"), now);
  }
  for (const auto& name : operation->targets) {
    auto* service = find(name);
    if (service == nullptr) continue;
    service->wanted = false;
    service->holders.clear();
  }
  operations_.push_back(std::move(operation));
}

/// Ends what an operation has started, and nothing else.
void Engine::stop_started(Operation& operation, TimePoint now) {
  if (operation.phase == Phase::planning && operation.planner) release_foreseen(operation);
  const bool half_claimed = is_planning(operation);
  release_kept(operation);
  operation.phase = Phase::stopping;
  operation.question.reset();
  operation.told.clear();  // a restart told them before
  operation.known_down = 0;
  std::vector<std::string> unheld;
  for (const auto& name : operation.started) {
    release_hold(name, operation.kind == OperationKind::up ? operation.id : kDurableHold, unheld);
  }
  // Before the files are written nobody else goes on with what was claimed, whoever holds the service.
  if (half_claimed) unheld.assign(operation.started.begin(), operation.started.end());
  operation.targets = std::move(unheld);
  if (operation.targets.empty() && operation.kind == OperationKind::up) {
    effects_.push_back(Tell{operation.id, "info", "", "detached: this `up` started nothing, the services go on"});
  }
  settle_stops(operation, now);
}

void Engine::release_hold(const std::string& name, OperationId holder, std::vector<std::string>& unheld) {
  auto* service = find(name);
  if (service == nullptr) return;
  service->holders.erase(holder);
  if (!service->holders.empty()) return;
  service->wanted = false;
  unheld.push_back(name);
}

void Engine::handle(const Cancelled& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr) return;
  operation->interrupted = true;
  if (operation->phase == Phase::stopping) {  // the second Ctrl-C, or one in `stop`: no more grace
    for (const auto& name : operation->targets) {
      if (find(name) != nullptr && find(name)->machine.running()) send(name, {Kind::kill}, now);
    }
    return;
  }
  stop_started(*operation, now);
}

void Engine::handle(const ClientGone& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr) return;
  operation->client = false;
  switch (operation->phase) {
    case Phase::stopping:
    case Phase::finished:
      return;  // goes on without an audience
    case Phase::queued:
    case Phase::down:
    case Phase::planning:
    case Phase::writing:
    case Phase::waiting:
    case Phase::holding:
      break;
  }
  if (operation->kind == OperationKind::restart) {  // it was running before: bring it back all the same
    if (operation->question) {
      operation->question.reset();
      advance_plan(*operation, now);
    }
    return;
  }
  operation->interrupted = true;
  stop_started(*operation, now);
}

void Engine::settle(TimePoint now) {
  while (settle_once(now)) {
  }
  std::erase_if(operations_, [](const auto& operation) { return operation->phase == Phase::finished; });
  if (operations_.empty()) forget_removed();
}

/// Moves everything that can move by itself; true when something did.
bool Engine::settle_once(TimePoint now) {
  bool moved = settle_dependencies(now);
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    auto& operation = *operations_[i];
    const auto before = operation.phase;
    switch (operation.phase) {
      case Phase::queued:
        if (may_begin(operation)) begin(operation, now);
        break;
      case Phase::down:
      case Phase::stopping:
        moved |= settle_stops(operation, now);
        break;
      case Phase::waiting:
      case Phase::holding:
        moved |= settle_waiting(operation, now);
        break;
      case Phase::planning:
      case Phase::writing:
      case Phase::finished:
        break;
    }
    moved |= operation.phase != before;
  }
  return moved;
}

bool Engine::settle_dependencies(TimePoint now) {
  const bool any_waiting = std::any_of(services_.begin(), services_.end(),
                                       [](const auto& entry) { return entry.second.machine.state() == State::waiting; });
  if (!any_waiting) return false;
  bool moved = false;
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    if (service.machine.state() != State::waiting) continue;
    bool all_ready = true;
    std::string lost;
    for (const auto& need : service.plan.config.depends_on) {
      const auto* other = find(need.service);
      if (other == nullptr || other->machine.state() == State::ready) continue;  // an external service is not ours to wait for
      all_ready = false;
      if (is_down(other->machine.state())) lost = need.service;
    }
    if (!lost.empty()) {
      const bool failed = find(lost)->machine.state() == State::failed;
      send(name, {Kind::deps_failed, "not started: it depends on " + lost + ", which " + (failed ? "failed" : "was stopped")}, now);
      moved = true;
    } else if (all_ready) {
      send(name, {Kind::deps_ready}, now);
      moved = true;
    }
  }
  return moved;
}

bool Engine::settle_stops(Operation& operation, TimePoint now) {
  // Told, and neither stopping nor down: another command has started it anew, which is not this one's business.
  const auto is_done = [&](const std::string& name) {
    const auto* service = find(name);
    const auto state = service == nullptr ? State::stopped : service->machine.state();
    return state == State::stopped || (operation.told.contains(name) && state != State::stopping);
  };
  if (operation.told.size() >= operation.targets.size()) {  // nothing to tell any more: only the last one to end matters
    auto& known = operation.known_down;
    while (known < operation.targets.size() && is_done(operation.targets[known])) ++known;
    if (known < operation.targets.size()) return false;
  }
  std::set<std::string> needed;  // by targets that are not down yet
  for (const auto& name : operation.targets) {
    const auto* dependent = find(name);
    if (is_done(name) || is_down(dependent->machine.state())) continue;
    const auto& needs = dependent->plan.config.depends_on;
    for (const auto& need : needs) needed.insert(need.service);
  }
  bool moved = false;
  bool all_down = true;
  for (const auto& name : operation.targets) {
    if (is_done(name)) {
      operation.told.insert(name);
      continue;
    }
    all_down = false;
    if (operation.told.contains(name)) continue;
    if (needed.contains(name)) continue;
    operation.told.insert(name);
    send(name, {Kind::stop}, now);
    moved = true;
  }
  if (moved || !all_down) return moved;
  if (operation.phase == Phase::down) {
    begin_planning(operation, now);
  } else {
    finish(operation, outcome_of(operation));
  }
  return true;
}

bool Engine::settle_waiting(Operation& operation, TimePoint now) {
  bool all_ready = true;
  bool any_down = false;
  bool all_down = true;
  for (const auto& name : operation.targets) {
    const auto* service = find(name);
    const auto state = service == nullptr ? State::stopped : service->machine.state();
    all_ready = all_ready && state == State::ready;
    any_down = any_down || is_down(state);
    all_down = all_down && is_down(state);
  }
  if (operation.phase == Phase::holding) {
    if (!all_down) return false;
    finish(operation, outcome_of(operation));
    return true;
  }
  if (all_ready && operation.kind == OperationKind::up) {
    operation.phase = Phase::holding;
    effects_.push_back(Finished{operation.id, outcome_of(operation), true});
    return true;
  }
  if (!all_ready && !any_down) return false;
  auto outcome = outcome_of(operation);
  if (operation.kind == OperationKind::up) {  // its hold ends here; the failure is told first
    effects_.push_back(Finished{operation.id, outcome, true});
    stop_started(operation, now);
    return true;
  }
  finish(operation, std::move(outcome));
  return true;
}

Outcome Engine::outcome_of(const Operation& operation) const {
  Outcome outcome;
  outcome.interrupted = operation.interrupted;
  outcome.error = operation.error;
  const bool stops = operation.phase == Phase::stopping;
  for (const auto& name : operation.targets) {
    const auto* service = find(name);
    const auto state = service == nullptr ? State::stopped : service->machine.state();
    if (state == State::failed) outcome.failures.push_back({name, service->machine.detail(), service->machine.failure_code()});
    if (state == State::stopped && !stops) outcome.failures.push_back({name, "stopped by another command", FailureCode::other});
  }
  outcome.ok = !outcome.interrupted && !outcome.error && outcome.failures.empty();
  return outcome;
}

void Engine::finish(Operation& operation, Outcome outcome) {
  operation.phase = Phase::finished;
  effects_.push_back(Finished{operation.id, std::move(outcome), false});
}

}  // namespace devinit::engine
