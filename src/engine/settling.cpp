// What follows by itself when something has happened: dependents start, fail, stop or restart; operations go on.
#include <algorithm>

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
      const auto lost = std::exchange(service->lost, {});
      if (service->state() == State::waiting) add(*service);
      for (const auto& [dependent, condition] : service->dependents) {
        if (lost.meet(condition)) lose(*dependent, *service, now);
        if (dependent->state() == State::waiting || dependent->restart_due) add(*dependent);
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
  if (!met) return;
  if (waits) return send(service, {Kind::deps_ready}, now);
  service.restart_due = false;
  effects_.push_back(Tell{0, "info", service.name(), "restarting it, because what it depends on is back"});
  send(service, {Kind::restart}, now);
}

/// What `on_dependency_loss` says. A scheduled run has its own end soon enough.
void Engine::lose(Entry& dependent, const Entry& need, TimePoint now) {
  if (!dependent.works() || dependent.is(ServiceKind::scheduled)) return;
  switch (dependent.plan.config.on_dependency_loss) {
    case config::DependencyLoss::keep:
      return;
    case config::DependencyLoss::restart:
      dependent.restart_due = true;
      return;
    case config::DependencyLoss::stop:
      return send(dependent, {Kind::lost_dependency, "stopped: it depends on " + need.name() + ", which " + need.fate()}, now);
  }
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
