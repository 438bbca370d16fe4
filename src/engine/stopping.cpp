// How services go down: dependents first, side by side within a level, and not for ever.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using Kind = MachineEventKind;
using Phase = Operation::Phase;

constexpr Millis kProgressAgain{5'000};

}  // namespace

/// Ends what an operation has started, and nothing else.
void Engine::stop_started(Operation& operation, TimePoint now) {
  if (operation.phase == Phase::planning && operation.planner) release_foreseen(operation);
  const bool half_claimed = operation.plans();
  release_kept(operation);
  enter(operation, Phase::stopping, now);
  operation.question.reset();
  operation.told.clear();  // a restart told them before
  std::vector<std::string> unheld;
  for (const auto& name : operation.started) {
    release_hold(name, operation.kind == OperationKind::up ? operation.id : kDurableHold, unheld);
  }
  // Before the files are written nobody else goes on with what was claimed, whoever holds the service.
  if (half_claimed) unheld.assign(operation.started.begin(), operation.started.end());
  operation.aim_at(std::move(unheld));
  if (operation.targets.empty() && operation.kind == OperationKind::up) {
    effects_.push_back(Tell{operation.id, "info", "", "detached: this `up` started nothing, the services go on"});
  }
}

void Engine::release_hold(const std::string& name, OperationId holder, std::vector<std::string>& unheld) {
  auto* service = find(name);
  if (service == nullptr) return;
  service->holders.erase(holder);
  if (!service->holders.empty()) return;
  service->wanted = false;
  unheld.push_back(name);
}

/// Stopped; or told, and neither stopping nor down: another command has started it anew, which is not this one's business.
bool Engine::is_done(const Operation& operation, const std::string& name) const {
  const auto* service = find(name);
  if (service == nullptr || service->state() == State::stopped) return true;
  return service->state() != State::stopping && operation.told.contains(name);
}

/// A target that is not down yet depends on it.
bool Engine::is_needed(const Operation& operation, const Entry& service) const {
  return std::any_of(service.dependents.begin(), service.dependents.end(), [&](const auto& link) {
    const auto& dependent = *link.service;
    return !dependent.down() && operation.has_target(dependent.name()) && !is_done(operation, dependent.name());
  });
}

bool Engine::tell_to_stop(Operation& operation, Entry& service, TimePoint now) {
  const auto& name = service.name();
  if (!operation.has_target(name) || operation.told.contains(name)) return false;
  // What has no tree serves nobody: it would only come up again.
  if (service.machine.running() && is_needed(operation, service)) return false;
  operation.told.insert(name);
  if (operation.leaving.contains(name)) {
    service.wanted = false;
    service.holders.clear();
  }
  if (service.state() == State::stopped) return false;
  // Only a `stop` clears away a failure: the end of who started it must not hide it.
  const bool ends_by_itself = operation.phase == Phase::stopping && operation.kind != OperationKind::stop;
  if (ends_by_itself && service.state() == State::failed) return false;
  send(service, {Kind::stop}, now);
  return true;
}

/// All targets at first; then those that something happened to, and what those needed.
bool Engine::settle_stops(Operation& operation, TimePoint now) {
  bool moved = false;
  if (!operation.surveyed) {
    operation.surveyed = true;
    operation.news_at = news_.size();
    for (const auto& name : operation.targets) {
      if (auto* service = find(name); service != nullptr) moved |= tell_to_stop(operation, *service, now);
    }
  }
  while (operation.news_at < news_.size()) {
    auto* service = news_[operation.news_at++];
    if (service == nullptr || !operation.has_target(service->name())) continue;
    moved |= tell_to_stop(operation, *service, now);
    for (const auto& [need, condition] : service->needs) moved |= tell_to_stop(operation, *need, now);
  }
  auto& settled = operation.settled;
  while (settled < operation.targets.size() && is_done(operation, operation.targets[settled])) ++settled;
  if (settled < operation.targets.size()) return moved;
  if (operation.phase == Phase::stopping) {
    finish(operation, outcome_of(operation));
  } else if (operation.id == kNobody) {
    come_back(operation, now);
  } else {
    if (operation.kind == OperationKind::reload) operation.aim_at(operation.coming_up);
    begin_planning(operation, now);
  }
  return true;
}

void Engine::end_without_grace(Operation& operation, TimePoint now) {
  for (const auto& name : operation.targets) {
    auto* service = find(name);
    if (service == nullptr || service->down()) continue;
    if (is_done(operation, name)) continue;
    operation.told.insert(name);
    send(*service, {service->machine.running() ? Kind::kill : Kind::stop}, now);
  }
}

void Engine::tell_who_blocks(Operation& operation, TimePoint now) {
  operation.progress_at = now + kProgressAgain;
  for (const auto& name : operation.targets) {
    const auto* service = find(name);
    if (service == nullptr || service->state() != State::stopping) continue;
    effects_.push_back(Tell{operation.id, "progress", name, "waiting for it to end"});
  }
}

/// It goes down for a restart of itself only: it will have its ports again.
bool Engine::keeps_ports(const std::string& name) const {
  return std::any_of(operations_.begin(), operations_.end(), [&](const auto& operation) {
    return operation->phase == Phase::down && operation->has_target(name) && !operation->replanned.contains(name);
  });
}

/// What was to come back stays down: those that waited for it should know.
void Engine::stays_down(Entry& service) {
  release_all(service);
  news_.push_back(&service);
}

/// It is down, or on its way, only to be started again.
bool Engine::comes_back(const std::string& name) const {
  return std::any_of(operations_.begin(), operations_.end(), [&](const auto& operation) {
    if (operation->phase != Phase::down) return false;
    if (operation->kind != OperationKind::reload) return operation->has_target(name);
    return std::count(operation->coming_up.begin(), operation->coming_up.end(), name) > 0;
  });
}

}  // namespace devinit::engine
