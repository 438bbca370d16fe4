// The planning phase of a start or restart: every port of every target is chosen and claimed, every question asked, before anything is written
// or started.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

namespace {

using Kind = ServiceMachine::EventKind;
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
    operation.targets = with_dependencies(operation.targets);
    settled = true;
    for (const auto& name : operation.targets) {
      if (find(name)->machine.state() != State::backing_off) continue;
      send(name, {Kind::stop}, now);
      settled = false;
    }
  }
}

void Engine::begin_planning(Operation& operation, TimePoint now) {
  operation.phase = Phase::planning;
  resolve_targets(operation, now);
  std::vector<PortWish> wishes;
  std::vector<PortWish> foreseen;
  PortSet avoid = operation.request.avoid ? *operation.request.avoid : PortSet();
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    const bool target = operation.has_target(name);
    const auto state = service.machine.state();
    const bool starts = target && is_down(state);
    if (target && !starts && operation.kind != OperationKind::restart && state == State::ready) {
      std::string where = service.ports.empty() ? "" : " on port " + std::to_string(service.ports.front().port);
      effects_.push_back(Tell{operation.id, "info", name, "is already running" + where});
    }
    if (starts) {
      operation.started.insert(name);
      send(name, {Kind::start}, now);
    }
    if (target) service.wanted = true;
    // A restart changes nothing about who wants the service; the others take part in the hold.
    const bool holds = operation.kind == OperationKind::start || (operation.kind == OperationKind::restart && service.holders.empty());
    if (target && holds) service.holders.insert(kDurableHold);
    if (starts && operation.kind == OperationKind::up) service.holders.insert(operation.id);
    if (is_down(state)) std::erase_if(service.ports, [](const KnownPort& port) { return !port.held; });
    for (const auto& wish : service.plan.ports) {
      const bool known = std::any_of(service.ports.begin(), service.ports.end(),
                                     [&](const KnownPort& port) { return port.port_name == wish.port_name; });
      if (wish.prefer) avoid.insert(*wish.prefer);
      // What runs keeps its ports; what neither runs nor starts gets its ports foreseen.
      if (known || !is_down(state)) continue;
      auto& list = starts ? wishes : foreseen;
      list.push_back(wish);
      list.back().foreseen = !starts;
    }
    for (const auto& port : service.ports) avoid.insert(port.port);
  }
  wishes.insert(wishes.end(), foreseen.begin(), foreseen.end());  // what starts chooses first
  operation.planner.emplace(std::move(wishes), avoid);
  advance_plan(operation, now);
}

/// Ports that the plan could not claim, because their service runs with an older configuration: chosen, so that the files and templates of
/// the others are complete, but not held.
void Engine::foresee_ports(const Operation& operation) {
  PortSet taken = operation.request.avoid ? *operation.request.avoid : PortSet();
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
      operation.phase = Phase::writing;
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
    if (wish.foreseen) release_all(wish.service);
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
    find(wish.service)->ports.push_back({wish.service, wish.port_name, *port, moved ? "fallback" : wish.source, held});
    if (moved) {
      const auto& reason = planner.reason(event.wish);
      effects_.push_back(TellMoved{operation->id, wish.service, wish.port_name, *wish.prefer, *port, reason});
    }
    if (wandered_into_ephemeral(wish, *port)) {
      const auto text = "port " + std::to_string(*port) + " is one that the kernel takes for outgoing connections, too: no lower one is free";
      effects_.push_back(Tell{operation->id, "warning", wish.service, text});
    }
    // The end of another command has stopped it meanwhile: it takes no part any more.
    const bool dropped = operation->started.contains(wish.service) && is_down(find(wish.service)->machine.state());
    if (dropped) release_all(wish.service);
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
  operation->phase = Phase::waiting;
  for (const auto& name : operation->started) send(name, {Kind::claimed}, now);
  find_stale(now);
}

}  // namespace devinit::engine
