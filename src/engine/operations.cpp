// The phases of a start, restart or up: plan every port, write the files, spawn in dependency order, wait, hold.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using Kind = MachineEventKind;
using Phase = Operation::Phase;

constexpr Millis kProgressAfter{2'000};

/// Targets and all they depend on, by the request's own configuration; its operation may not have begun yet.
std::set<std::string> reach_of(const StartRequest& request) {
  std::map<std::string, const config::ServiceConfig*> known;
  for (const auto& plan : request.services) known.emplace(plan.config.name, &plan.config);
  std::set<std::string> reach;
  std::vector<std::string> pending = request.targets;
  while (!pending.empty()) {
    const auto name = pending.back();
    pending.pop_back();
    if (!reach.insert(name).second) continue;
    const auto at = known.find(name);
    if (at == known.end()) continue;
    for (const auto& need : at->second->depends_on) pending.push_back(need.service);
  }
  return reach;
}

/// Moves `from` over all that `is_fine`, and back to one that is not any more when the end was reached; true when all are.
template <class Predicate>
bool all_of_since(std::size_t& from, const std::vector<std::string>& names, Predicate is_fine) {
  while (from < names.size() && is_fine(names[from])) ++from;
  if (from < names.size()) return false;
  const auto other = std::find_if_not(names.begin(), names.end(), is_fine);
  if (other == names.end()) return true;
  from = static_cast<std::size_t>(other - names.begin());
  return false;
}

}  // namespace

void Engine::handle(const StartRequest& request, TimePoint) {
  auto operation = std::make_unique<Operation>();
  operation->id = request.operation;
  operation->kind = request.kind;
  operation->request = request;
  operations_.push_back(std::move(operation));
}

void Engine::enter(Operation& operation, Phase phase, TimePoint now) {
  operation.phase = phase;
  operation.surveyed = false;
  operation.settled = 0;
  operation.kill_at.reset();
  operation.progress_at.reset();
  const bool goes_down = phase == Phase::down || phase == Phase::stopping;
  if (goes_down && operation.client && operation.id != kNobody) operation.progress_at = now + kProgressAfter;
}

/// One plan at a time, and none while a target, or what it depends on, is still on its way down.
bool Engine::may_begin(const Operation& operation) const {
  for (const auto& other : operations_) {
    if (other.get() == &operation) break;
    if (other->plans() || other->phase == Phase::queued) return false;
  }
  if (std::any_of(operations_.begin(), operations_.end(), [](const auto& other) { return other->plans(); })) return false;
  const bool everything = operation.request.all || operation.kind == OperationKind::reload;
  const auto reach = everything ? std::set<std::string>() : reach_of(operation.request);
  const auto concerned = [&](const std::string& name) { return everything || reach.contains(name); };
  for (const auto& other : operations_) {
    if (other->phase != Phase::stopping) continue;  // also those targets that it has not come to yet, or that are down already
    if (std::any_of(other->targets.begin(), other->targets.end(), concerned)) return false;
  }
  if (operation.kind == OperationKind::restart || operation.kind == OperationKind::reload) return true;
  return std::none_of(order_.begin(), order_.end(),
                      [&](const std::string& name) { return concerned(name) && find(name)->state() == State::stopping; });
}

void Engine::begin(Operation& operation, TimePoint now) {
  if (operation.kind == OperationKind::reload) return begin_reload(operation, now);
  adopt_configuration(operation.request);
  if (!operation.request.all) {
    operation.named = {operation.request.targets.begin(), operation.request.targets.end()};
    operation.aim_at(operation.request.targets);
  } else {
    auto all = order_;
    std::erase_if(all, [this](const auto& name) {
      const auto& service = *find(name);
      return service.is(config::ServiceKind::external) || service.plan.config.disabled || (service.removed && service.down());
    });
    operation.aim_at(std::move(all));
  }
  if (operation.kind != OperationKind::restart) return begin_planning(operation, now);
  if (operation.request.all) {  // but nobody who connects to a socket that is passed on shall be refused
    operation.replanned = operation.target_set;
    for (const auto& plan : operation.request.services) {
      if (find(plan.config.name)->passes_socket_to(plan)) operation.replanned.erase(plan.config.name);
    }
  }
  enter(operation, Phase::down, now);
}

/// A restart that ends while its targets go down: the ports that were kept for it are not needed any more.
void Engine::release_kept(const Operation& operation) {
  if (operation.phase != Phase::down) return;
  for (const auto& name : operation.targets) {
    auto* service = find(name);
    if (service != nullptr && service->down()) stays_down(*service);
  }
}

/// The plan cannot be carried out: nothing has been started yet, and nothing will be.
void Engine::give_up(Operation& operation, const Error& error, TimePoint now) {
  if (operation.phase == Phase::planning && operation.planner) release_foreseen(operation);
  release_kept(operation);
  for (const auto& name : operation.started) {
    auto& service = *find(name);
    service.wanted = false;
    service.holders.clear();
    send(service, {Kind::stop}, now);
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
  enter(*operation, Phase::stopping, now);
  operation->aim_at(request.all ? order_ : request.targets);
  if (request.timeout) operation->kill_at = now + *request.timeout;
  for (const auto& other : operations_) {
    const bool queued = other->phase == Phase::queued;
    if (!queued && !other->plans()) continue;
    if (other->id == kNobody) {
      leave_out(*other, operation->target_set);
      continue;
    }
    const bool reloads = other->kind == OperationKind::reload;
    const auto reach = queued && !reloads ? reach_of(other->request) : std::set<std::string>();
    const auto concerned = [&](const std::string& name) {
      if (queued) return !reloads && (other->request.all || reach.contains(name));
      return other->has_target(name) || std::count(other->coming_up.begin(), other->coming_up.end(), name) > 0;
    };
    if (request.all || std::any_of(operation->targets.begin(), operation->targets.end(), concerned)) {
      give_up(*other, Error(Errc::interrupted, "stopped by another command"), now);
    }
  }
  for (const auto& name : operation->targets) {
    auto* service = find(name);
    if (service == nullptr) continue;
    service->wanted = false;
    service->holders.clear();
  }
  operations_.push_back(std::move(operation));
}

void Engine::handle(const Cancelled& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr) return;
  const bool again = std::exchange(operation->cancelled, true) || operation->kind == OperationKind::stop;
  const bool stops = operation->phase == Phase::stopping;
  if (stops && !again) return;  // it does already what the first Ctrl-C asks for, as a failed `up` does by itself
  operation->interrupted = true;
  if (stops) return end_without_grace(*operation, now);
  stop_started(*operation, now);
}

void Engine::handle(const ClientGone& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr) return;
  operation->client = false;
  operation->progress_at.reset();
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
  // It was running before: bring it back all the same.
  if (operation->kind == OperationKind::restart || operation->kind == OperationKind::reload) {
    if (operation->question) {
      operation->question.reset();
      advance_plan(*operation, now);
    }
    return;
  }
  operation->interrupted = true;
  stop_started(*operation, now);
}

/// Whatever becomes of one target, the others are waited for: the end tells of them all.
bool Engine::settle_waiting(Operation& operation, TimePoint now) {
  const auto is_settled = [this](const std::string& name) {
    const auto* service = find(name);
    if (service == nullptr || (service->down() && !comes_back(name))) return true;
    return service->content() && !awaits_restart(*service);
  };
  if (!all_of_since(operation.settled, operation.targets, is_settled)) return false;
  auto outcome = outcome_of(operation);
  const bool lost = !outcome.failures.empty();
  if (operation.kind != OperationKind::up) {
    finish(operation, std::move(outcome));
    return true;
  }
  effects_.push_back(Finished{operation.id, std::move(outcome), true});
  if (lost) {  // its hold ends here; the failure is told first
    stop_started(operation, now);
    return true;
  }
  enter(operation, Phase::holding, now);
  return true;
}

/// An `up` lasts while anything that it started is up; one that started nothing, while any of its targets is. Tasks have nothing to last for,
/// and what is run by others is not held.
bool Engine::settle_holding(Operation& operation, TimePoint now) {
  if (!operation.surveyed) {
    const auto lasts = [this](const std::string& name) { return find(name) != nullptr && !find(name)->quiet(); };
    const bool all = std::none_of(operation.started.begin(), operation.started.end(), lasts);
    operation.held = operation.targets;
    if (!all) operation.held.assign(operation.started.begin(), operation.started.end());
    operation.surveyed = true;
  }
  const auto is_quiet = [this](const std::string& name) { return find(name) == nullptr || find(name)->quiet(); };
  if (!all_of_since(operation.settled, operation.held, is_quiet)) return false;
  auto outcome = outcome_of(operation);
  std::vector<std::string> unheld;
  for (const auto& name : operation.started) release_hold(name, operation.id, unheld);
  for (const auto& name : unheld) {
    if (find(name)->is(config::ServiceKind::external)) send(*find(name), {Kind::stop}, now);
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
    const auto state = service == nullptr ? State::stopped : service->state();
    if (state == State::failed && (stops || !service->content())) {
      outcome.failures.push_back({name, service->machine.detail(), service->machine.failure_code()});
    }
    if (state == State::stopped && !stops) {
      const bool known = service != nullptr && !service->machine.detail().empty();
      outcome.failures.push_back({name, known ? service->machine.detail() : "stopped by another command", FailureCode::other});
    }
  }
  outcome.ok = !outcome.interrupted && !outcome.error && outcome.failures.empty();
  return outcome;
}

void Engine::finish(Operation& operation, Outcome outcome) {
  operation.phase = Phase::finished;
  operation.kill_at.reset();
  operation.progress_at.reset();
  if (operation.id != kNobody) effects_.push_back(Finished{operation.id, std::move(outcome), false});
}

}  // namespace devinit::engine
