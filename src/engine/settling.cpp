// What follows by itself when something has happened: dependents start, fail, stop or restart; operations go on.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using config::DependencyCondition;
using config::ServiceKind;
using Kind = MachineEventKind;
using Phase = Operation::Phase;

/// Why a condition will never be met, whatever the service does; empty: it may be.
const char* impossible(const ServiceEntry& need, DependencyCondition condition) {
  const bool wants_end = condition == DependencyCondition::completed || condition == DependencyCondition::completed_successfully;
  if (!wants_end || need.is(ServiceKind::task)) return "";
  if (need.is(ServiceKind::service) && condition == DependencyCondition::completed) return "";
  return need.is(ServiceKind::service) ? "runs until it is stopped" : "has no end";
}

/// What is disabled is not started for others: they go without it.
bool is_left_out(const ServiceEntry& need) { return need.plan.config.disabled && need.down(); }

bool by_rank(const ServiceEntry* a, const ServiceEntry* b) { return a->rank < b->rank; }

}  // namespace

void Engine::settle(TimePoint now) {
  bool moved = true;
  while (moved) {
    const auto known = news_.size();
    settle_services(now);
    moved = false;
    for (std::size_t i = 0; i < operations_.size(); ++i) moved |= settle_operation(*operations_[i], now);
    moved |= news_.size() != known || catch_up(now);
  }
  std::erase_if(operations_, [](const auto& operation) { return operation->phase == Phase::finished; });
  if (operations_.empty()) forget_removed();
  await_externals(now);
}

bool Engine::settle_operation(Operation& operation, TimePoint now) {
  switch (operation.phase) {
    case Phase::queued:
      if (!may_begin(operation)) return false;
      begin(operation, now);
      return true;
    case Phase::down:
    case Phase::stopping:
      return settle_stops(operation, now);
    case Phase::waiting:
      return settle_waiting(operation, now);
    case Phase::holding:
      return settle_holding(operation, now);
    case Phase::planning:
    case Phase::writing:
    case Phase::finished:
      return false;
  }
  return false;
}

/// Tells the neighbours of each service that something happened to, in rounds, in which each is looked at once, in configuration order.
void Engine::settle_services(TimePoint now) {
  while (heard_ < news_.size()) {
    std::vector<Entry*> concerned;
    const auto add = [&](Entry& service) {
      if (!std::exchange(service.considered, true)) concerned.push_back(&service);
    };
    const auto end = news_.size();
    for (; heard_ < end; ++heard_) {
      auto* service = news_[heard_];
      if (service == nullptr) continue;
      const auto loss = take_loss(*service);
      if (service->state() == State::waiting) add(*service);
      for (const auto& link : service->dependents) {
        lose(link, *service, loss, now);
        if (link.service->state() == State::waiting || link.service->restart_due) add(*link.service);
      }
    }
    std::sort(concerned.begin(), concerned.end(), by_rank);
    for (auto* service : concerned) {
      service->considered = false;
      consider(*service, now);
    }
  }
}

/// It waits for others, or for them to be back: is it its turn?
void Engine::consider(Entry& service, TimePoint now) {
  const bool waits = service.state() == State::waiting;
  if (!waits && !(service.restart_due && service.works())) return;
  bool met = true;
  for (const auto& [need, condition] : service.needs) {
    if (need->conditions().meet(condition) || is_left_out(*need)) continue;
    met = false;
    std::string why = impossible(*need, condition);
    if (why.empty() && need->down() && !comes_back(need->name())) why = need->fate();
    if (waits && !why.empty()) return send(service, {Kind::deps_failed, "not started: it depends on " + need->name() + ", which " + why}, now);
  }
  if (!met || !service.wanted) return;  // not wanted: a stop is about to reach it
  if (waits) return send(service, {Kind::deps_ready}, now);
  service.restart_due = false;
  effects_.push_back(Tell{0, "info", service.name(), "restarting it, because what it depends on is back"});
  send(service, {Kind::restart}, now);
}

/// What a restart by plan takes away is not lost for good, until it is clear that nothing comes of it: it crashes, fails or is stopped.
Loss Engine::take_loss(Entry& service) const {
  Loss loss;
  loss.any = std::exchange(service.lost, {});
  auto& suspended = service.suspended;
  if (!loss.any.any() && !suspended.any()) return loss;
  if (service.machine.restarting() || comes_back(service.name())) {
    suspended.add(loss.any);
    return loss;
  }
  loss.for_good = loss.any;
  suspended.remove(service.conditions());
  const bool comes_up = service.state() == State::claiming || service.state() == State::waiting || service.state() == State::starting;
  if (!comes_up) loss.for_good.add(std::exchange(suspended, {}));
  return loss;
}

/// What `on_dependency_loss` says. A scheduled run has its own end soon enough.
void Engine::lose(const Entry::Link& link, const Entry& need, const Loss& loss, TimePoint now) {
  auto& dependent = *link.service;
  if (!dependent.works() || dependent.is(ServiceKind::scheduled)) return;
  switch (dependent.plan.config.on_dependency_loss) {
    case config::DependencyLoss::keep:
      return;
    case config::DependencyLoss::restart:
      if (!loss.any.meet(link.condition)) return;
      dependent.restart_due = true;
      for (const auto& operation : operations_) {
        if (operation->kind != OperationKind::reload || !operation->has_target(need.name())) continue;
        operation->followers.insert(dependent.name());
        if (operation->phase == Phase::waiting) operation->add_target(dependent.name());
      }
      return;
    case config::DependencyLoss::stop:
      if (!loss.for_good.meet(link.condition)) return;
      return send(dependent, {Kind::lost_dependency, "stopped: it depends on " + need.name() + ", which " + need.fate()}, now);
  }
}

/// It will restart when what it depends on is back, and nothing says that this will never be.
bool Engine::awaits_restart(const Entry& service) const {
  if (!service.restart_due || !service.works()) return false;
  return std::none_of(service.needs.begin(), service.needs.end(), [this](const auto& link) {
    const auto& need = *link.service;
    if (need.conditions().meet(link.condition) || is_left_out(need)) return false;
    return need.quiet() && !comes_back(need.name());
  });
}

/// Patience with what others run has an end only while somebody waits for it.
void Engine::await_externals(TimePoint now) {
  for (auto* service : externals_) {
    const bool needed = std::any_of(service->dependents.begin(), service->dependents.end(),
                                    [](const auto& link) { return link.service->state() == State::waiting; });
    const bool awaited = std::any_of(operations_.begin(), operations_.end(), [&](const auto& operation) {
      return operation->phase == Phase::waiting && operation->has_target(service->name());
    });
    service->machine.set_awaited(needed || awaited, now);
    arm(*service);
  }
}

}  // namespace devinit::engine
