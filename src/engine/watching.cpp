// Files have changed that a service watches: it restarts, is told by a signal, or a task runs.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using config::ServiceKind;
using Kind = MachineEventKind;

/// It is down because of what its files said: a changed file may mend it.
bool is_broken(const ServiceEntry& service) {
  if (service.state() == State::backing_off) return true;
  return service.state() == State::failed && service.machine.failure_code() != FailureCode::dependency && service.machine.may_run_again();
}

/// A change of its files is news to it.
bool listens(const ServiceEntry& service) {
  if (!service.wanted || service.is(ServiceKind::external)) return false;
  return service.works() || is_broken(service) || service.state() == State::stopping || service.state() == State::completed ||
         service.state() == State::scheduled;
}

}  // namespace

void Engine::handle(const FilesChanged& event, TimePoint now) {
  auto* service = find(event.service);
  if (service == nullptr || !service->plan.config.watch || !listens(*service) || comes_back(event.service)) return;
  if (has_to_wait(event)) return postponed_.push_back(event);
  const auto& watch = *service->plan.config.watch;
  const bool broken = is_broken(*service);
  switch (watch.action) {
    case config::WatchSpec::Action::restart:
      return watch.cascade ? cascade(*service, event.summary, now) : run_watched(*service, event.summary, now);
    case config::WatchSpec::Action::signal:
      if (broken) return run_watched(*service, event.summary, now);
      if (service->works()) effects_.push_back(SignalService{event.service, watch.signal});
      return;
    case config::WatchSpec::Action::task:
      run_task(*service, event.summary, now);
      if (broken) run_watched(*service, event.summary, now);
      return;
  }
}

/// A plan may be choosing ports for what is down now: nothing of that may come up beside it.
bool Engine::has_to_wait(const FilesChanged& event) const {
  const auto& service = *find(event.service);
  if (!service.down() && service.plan.config.watch->action != config::WatchSpec::Action::task) return false;
  return std::any_of(operations_.begin(), operations_.end(), [](const auto& operation) { return operation->plans(); });
}

/// Changes that had to wait for a plan; what that has started knows its files as they are.
bool Engine::catch_up(TimePoint now) {
  if (postponed_.empty() || std::any_of(operations_.begin(), operations_.end(), [](const auto& other) { return other->plans(); })) return false;
  for (const auto& event : std::exchange(postponed_, {})) {
    const auto* service = find(event.service);
    const bool runs_task = service != nullptr && service->plan.config.watch && service->plan.config.watch->action == config::WatchSpec::Action::task;
    if (service != nullptr && (service->down() || runs_task)) handle(event, now);
  }
  return true;
}

void Engine::run_watched(Entry& service, const std::string& summary, TimePoint now) {
  // What is on its way down after a crash runs again anyway, with the files as they are then.
  if (service.state() != State::stopping) effects_.push_back(Tell{0, "info", service.name(), summary + " changed: restarting it"});
  MachineEvent restart{Kind::restart};
  restart.afresh = true;
  send(service, std::move(restart), now);
}

/// The task has the holders of who watches for it: it ends with them.
void Engine::run_task(const Entry& watcher, const std::string& summary, TimePoint now) {
  auto* task = find(watcher.plan.config.watch->task);
  if (task == nullptr || !task->is(ServiceKind::task) || comes_back(task->name())) return;
  task->wanted = true;
  task->holders.insert(watcher.holders.begin(), watcher.holders.end());
  for (const auto holder : watcher.holders) {
    if (auto* up = find_operation(holder); up != nullptr) up->started.insert(task->name());
  }
  effects_.push_back(Tell{0, "info", task->name(), summary + " changed: running it"});
  send(*task, {Kind::run}, now);
}

/// It and all that depend on it and run go down, dependents first, and come back on their ports, it first: an operation without a plan and
/// without a client.
void Engine::cascade(Entry& service, const std::string& summary, TimePoint now) {
  std::set<std::string> names{service.name()};
  std::vector<const Entry*> pending{&service};
  while (!pending.empty()) {
    const auto& next = *pending.back();
    pending.pop_back();
    for (const auto& [dependent, condition] : next.dependents) {
      if (!dependent->works() || dependent->is(ServiceKind::scheduled) || !dependent->wanted) continue;
      if (names.insert(dependent->name()).second) pending.push_back(dependent);
    }
  }
  if (names.size() == 1) return run_watched(service, summary, now);
  auto operation = std::make_unique<Operation>();
  operation->kind = OperationKind::restart;
  std::vector<std::string> targets;
  for (const auto& name : order_) {
    if (names.contains(name)) targets.push_back(name);
  }
  operation->aim_at(std::move(targets));
  enter(*operation, Operation::Phase::down, now);
  operations_.push_back(std::move(operation));
  effects_.push_back(Tell{0, "info", service.name(), summary + " changed: restarting it and what depends on it"});
}

/// A cascade's targets are down.
void Engine::come_back(Operation& operation, TimePoint now) {
  finish(operation, {});
  for (const auto& name : operation.targets) {
    auto* service = find(name);
    if (service == nullptr || !service->down()) continue;  // another command was faster
    if (service->wanted && service->state() == State::stopped) {
      send(*service, {Kind::run}, now);
    } else {
      stays_down(*service);
    }
  }
}

/// Somebody wants these down for good: a cascade does not bring them back, and keeps no ports for them.
void Engine::leave_out(Operation& cascade, const std::set<std::string>& names) {
  auto left = cascade.targets;
  std::erase_if(left, [&](const std::string& name) {
    if (!names.contains(name)) return false;
    auto* service = find(name);
    if (service != nullptr && service->down()) stays_down(*service);
    return true;
  });
  cascade.aim_at(std::move(left));
}

}  // namespace devinit::engine
