// The planning phase of a start or restart: every port of every target is chosen and claimed, every question asked, before anything is written
// or started.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using Kind = MachineEventKind;
using Phase = Operation::Phase;

/// A number that nobody named, where the kernel takes ports for connections as well.
bool wandered_into_ephemeral(const PortWish& wish, Port port) {
  if (wish.ephemeral_first == 0 || port < wish.ephemeral_first) return false;
  return !wish.prefer || *wish.prefer < wish.ephemeral_first;
}

}  // namespace

/// A start by hand is a start from the beginning: what is down takes over its new settings, and what backs off goes down for that.
void Engine::resolve_targets(Operation& operation, TimePoint now) {
  bool settled = false;
  while (!settled) {
    adopt_configuration(operation.request);
    operation.aim_at(with_dependencies(operation.targets));
    settled = true;
    for (const auto& name : operation.targets) {
      auto* service = find(name);
      if (service->state() != State::backing_off) continue;
      send(*service, {Kind::stop}, now);
      settled = false;
    }
  }
}

/// Targets that are down are started; a task that is completed only when it is asked for by name, when something starts that needs it, or when
/// there is nothing else to start for: what already runs does not run its migrations again.
std::set<std::string> Engine::to_start(const Operation& operation) const {
  std::set<std::string> result;
  std::vector<const Entry*> pending;
  std::vector<const Entry*> alone;
  bool any_up = false;
  const auto add = [&](const Entry& service) {
    if (result.insert(service.name()).second) pending.push_back(&service);
  };
  for (const auto& name : operation.targets) {
    const auto& service = *find(name);
    any_up = any_up || (!service.down() && !service.is(config::ServiceKind::external));
    if (!service.down()) continue;
    if (service.state() != State::completed || operation.named.contains(name)) add(service);
    if (service.dependents.empty()) alone.push_back(&service);
  }
  if (operation.kind != OperationKind::start && operation.kind != OperationKind::up) return result;
  for (const auto* task : alone) {
    if (!any_up) add(*task);
  }
  while (!pending.empty()) {
    const auto& service = *pending.back();
    pending.pop_back();
    for (const auto& [need, condition] : service.needs) {
      if (need->state() == State::completed && operation.has_target(need->name())) add(*need);
    }
  }
  return result;
}

/// One service's part in a plan that begins.
void Engine::enlist(Operation& operation, Entry& service, bool starts, TimePoint now) {
  const auto& name = service.name();
  const bool fresh_start = operation.kind == OperationKind::start || operation.kind == OperationKind::up;
  const auto state = service.state();
  if (!starts && fresh_start && state == State::ready && !service.is(config::ServiceKind::external)) {
    const std::string where = service.ports.empty() ? "" : " on port " + std::to_string(service.ports.front().port);
    effects_.push_back(Tell{operation.id, "info", name, "is already running" + where});
  }
  if (!starts && fresh_start && state == State::completed) effects_.push_back(Tell{operation.id, "info", name, "has already been done"});
  if (starts) {
    operation.started.insert(name);
    service.ended_once = false;
    service.completed_once = false;
    send(service, {Kind::start}, now);
  }
  service.wanted = true;
  // A restart changes nothing about who wants the service; the others take part in the hold.
  if (operation.kind == OperationKind::start || (!fresh_start && service.holders.empty())) service.holders.insert(kDurableHold);
  if (starts && operation.kind == OperationKind::up) service.holders.insert(operation.id);
}

void Engine::begin_planning(Operation& operation, TimePoint now) {
  resolve_targets(operation, now);
  enter(operation, Phase::planning, now);
  const auto starting = to_start(operation);
  std::vector<PortWish> wishes;
  std::vector<PortWish> foreseen;
  PortSet avoid = operation.request.avoid ? *operation.request.avoid : PortSet();
  ports_now_.reset();
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    const bool was_down = service.down();
    const bool starts = starting.contains(name);
    if (operation.has_target(name)) enlist(operation, service, starts, now);
    if (was_down) std::erase_if(service.ports, [](const KnownPort& port) { return !port.held; });
    for (const auto& wish : service.plan.ports) {
      const bool known = std::any_of(service.ports.begin(), service.ports.end(),
                                     [&](const KnownPort& port) { return port.port_name == wish.port_name; });
      if (wish.prefer) avoid.insert(*wish.prefer);
      // What runs keeps its ports; what neither runs nor starts gets its ports foreseen.
      if (known || !was_down) continue;
      auto& list = starts ? wishes : foreseen;
      list.push_back(wish);
      list.back().foreseen = !starts;
    }
    for (const auto& port : service.ports) avoid.insert(port.port);
  }
  if (operation.kind == OperationKind::reload) hold_added(operation);
  wishes.insert(wishes.end(), foreseen.begin(), foreseen.end());  // what starts chooses first
  operation.planner.emplace(std::move(wishes), avoid);
  advance_plan(operation, now);
}

/// Ports that the plan could not claim, because their service runs with an older configuration: chosen, so that the files and templates of
/// the others are complete, but not held.
void Engine::foresee_ports(const Operation& operation) {
  PortSet taken = operation.request.avoid ? *operation.request.avoid : PortSet();
  ports_now_.reset();
  for (const auto& [name, service] : services_) {
    for (const auto& port : service.ports) taken.insert(port.port);
    for (const auto& wish : service.plan.ports) {
      if (wish.prefer) taken.insert(*wish.prefer);
    }
  }
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    for (const auto& wish : service.plan.ports) {
      const bool known = std::any_of(service.ports.begin(), service.ports.end(),
                                     [&](const KnownPort& port) { return port.port_name == wish.port_name; });
      if (known) continue;
      Port port = wish.prefer.value_or(wish.search.first);
      while (!wish.prefer && taken.contains(port) && port < wish.search.last) ++port;
      taken.insert(port);
      service.ports.push_back({name, wish.port_name, port, wish.source, false});
    }
  }
}

void Engine::advance_plan(Operation& operation, TimePoint now) {
  auto& planner = *operation.planner;
  const auto claim = [&](std::size_t wish, Port first, Port last, int tries, PortsToAvoid avoid) {
    effects_.push_back(ClaimPort{operation.id, wish, planner.wish(wish).service, planner.wish(wish).port_name, first, last, tries,
                                 std::move(avoid)});
  };
  for (;;) {
    const auto step = planner.next();
    if (const auto* one = std::get_if<PortPlanner::ClaimOne>(&step)) {
      return claim(one->wish, one->port, one->port, 1, nullptr);
    }
    if (const auto* next = std::get_if<PortPlanner::ClaimNext>(&step)) {
      return claim(next->wish, next->first, next->last, next->tries, next->avoid);
    }
    if (const auto* failed = std::get_if<PortPlanner::GaveUp>(&step)) return give_up(operation, failed->error, now);
    if (std::holds_alternative<PortPlanner::Planned>(step)) {
      foresee_ports(operation);
      enter(operation, Phase::writing, now);
      release_foreseen(operation);
      effects_.push_back(WriteFiles{operation.id});
      return;
    }
    const auto& ask = std::get<PortPlanner::Ask>(step);
    if (operation.client) {
      operation.question = ++last_question_;
      operation.asked_wish = ask.wish;
      const auto& wish = planner.wish(ask.wish);
      effects_.push_back(
          AskClient{operation.id, *operation.question, wish.service, wish.port_name, ask.port, ask.strict, ask.by_devinit});
      return;
    }
    planner.on_answer(ask.wish, PortPlanner::Choice::next, {});  // nobody is there to be asked
  }
}

/// The ports of services that do not start were claimed only to be sure of them.
void Engine::release_foreseen(const Operation& operation) {
  for (std::size_t i = 0; i < operation.planner->size(); ++i) {
    const auto& wish = operation.planner->wish(i);
    if (wish.foreseen) release_all(*find(wish.service));
  }
}

void Engine::handle(const Claimed& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr || operation->phase != Phase::planning) return;
  auto& planner = *operation->planner;
  planner.on_claim(event.wish, event.outcome);
  if (const auto port = planner.port(event.wish)) {
    const auto& wish = planner.wish(event.wish);
    const bool moved = wish.prefer && *wish.prefer != *port;
    const bool held = event.outcome.verdict == ClaimOutcome::Verdict::claimed;
    auto& service = *find(wish.service);
    service.ports.push_back({wish.service, wish.port_name, *port, moved ? "fallback" : wish.source, held});
    ports_now_.reset();
    if (moved) {
      const auto& reason = planner.reason(event.wish);
      effects_.push_back(TellMoved{operation->id, wish.service, wish.port_name, *wish.prefer, *port, reason});
    }
    if (wandered_into_ephemeral(wish, *port)) {
      const auto text = "port " + std::to_string(*port) + " is one that the kernel takes for outgoing connections, too: no lower one is free";
      effects_.push_back(Tell{operation->id, "warning", wish.service, text});
    }
    // The end of another command has stopped it meanwhile: it takes no part any more.
    if (operation->started.contains(wish.service) && service.down()) release_all(service);
  }
  advance_plan(*operation, now);
}

void Engine::handle(const Answered& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr || operation->phase != Phase::planning || operation->question != event.question) return;
  operation->question.reset();
  operation->planner->on_answer(operation->asked_wish, event.choice, event.reason);
  advance_plan(*operation, now);
}

void Engine::handle(const FilesWritten& event, TimePoint now) {
  auto* operation = find_operation(event.operation);
  if (operation == nullptr || operation->phase != Phase::writing) return;
  if (event.error) return give_up(*operation, *event.error, now);
  operation->request.services.clear();
  operation->planner.reset();
  enter(*operation, Phase::waiting, now);
  for (const auto& name : operation->started) {
    auto* service = find(name);
    if (service == nullptr) continue;
    send(*service, {Kind::claimed}, now);
    // Whoever restarts a scheduled service by name wants to see it run.
    const bool at_once = operation->kind == OperationKind::restart && operation->named.contains(name);
    if (at_once && service->is(config::ServiceKind::scheduled)) send(*service, {Kind::run}, now);
  }
  for (const auto& name : operation->followers) operation->add_target(name);
  find_stale(now);
}

}  // namespace devinit::engine
