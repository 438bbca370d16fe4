#include "engine/service_entry.hpp"

#include <algorithm>

#include "config/fingerprint.hpp"

namespace devinit::engine {

using config::DependencyCondition;
using config::ServiceKind;

bool Conditions::meet(DependencyCondition condition) const noexcept {
  switch (condition) {
    case DependencyCondition::started:
      return started;
    case DependencyCondition::ready:
      return ready;
    case DependencyCondition::completed:
      return completed;
    case DependencyCondition::completed_successfully:
      return succeeded;
  }
  return false;
}

void Conditions::add(const Conditions& other) noexcept {
  started |= other.started;
  ready |= other.ready;
  completed |= other.completed;
  succeeded |= other.succeeded;
}

void Conditions::remove(const Conditions& other) noexcept {
  started = started && !other.started;
  ready = ready && !other.ready;
  completed = completed && !other.completed;
  succeeded = succeeded && !other.succeeded;
}

ServiceEntry::ServiceEntry(const ServicePlan& wanted_plan, std::uint32_t jitter_seed)
    : plan(wanted_plan), fingerprint(config::fingerprint(wanted_plan.config)), machine(wanted_plan.config, jitter_seed) {}

void ServiceEntry::take_over(const ServicePlan& new_plan) {
  if (plan.config != new_plan.config) {
    fingerprint = config::fingerprint(new_plan.config);
    machine.reconfigure(new_plan.config);
  }
  plan = new_plan;
}

bool ServiceEntry::wants_other_ports(const ServicePlan& new_plan) const {
  if (plan.ports.size() != new_plan.ports.size()) return true;
  for (const auto& wish : new_plan.ports) {
    const auto same_name = [&](const auto& other) { return other.port_name == wish.port_name; };
    const auto before = std::find_if(plan.ports.begin(), plan.ports.end(), same_name);
    if (before == plan.ports.end()) return true;
    const auto has = std::find_if(ports.begin(), ports.end(), same_name);
    const bool has_it = has != ports.end() && wish.prefer == has->port;
    if (!has_it && wish.prefer != before->prefer) return true;
  }
  return false;
}

bool ServiceEntry::passes_socket_to(const ServicePlan& new_plan) const {
  constexpr auto kInherit = config::SocketPassing::inherit;
  return plan.config.socket == kInherit && new_plan.config.socket == kInherit && !wants_other_ports(new_plan);
}

bool ServiceEntry::works() const noexcept {
  return !is(ServiceKind::external) && (state() == State::starting || state() == State::ready || state() == State::running);
}

Conditions ServiceEntry::conditions() const noexcept {
  const bool is_ready = state() == State::ready;
  switch (plan.config.kind) {
    case ServiceKind::service: {
      const bool spawned = state() == State::starting && machine.spawned();
      return {is_ready || spawned, is_ready, state() == State::failed && machine.spawned(), false};
    }
    case ServiceKind::task:
      return {state() == State::running || ended_once, completed_once, ended_once, completed_once};
    case ServiceKind::scheduled:
      return {machine.on_schedule(), machine.on_schedule(), false, false};
    case ServiceKind::external:
      return {is_ready, is_ready, false, false};
  }
  return {};
}

/// A task that may fail as far as all are concerned that wait for it is done when it has failed.
bool ServiceEntry::content() const noexcept {
  switch (plan.config.kind) {
    case ServiceKind::service:
    case ServiceKind::external:
      return state() == State::ready;
    case ServiceKind::scheduled:
      return state() == State::scheduled || state() == State::running;
    case ServiceKind::task:
      break;
  }
  if (state() == State::completed) return true;
  return state() == State::failed && ended_once && !dependents.empty() &&
         std::all_of(dependents.begin(), dependents.end(), [](const Link& link) {
           return link.condition == DependencyCondition::completed || link.condition == DependencyCondition::started;
         });
}

const char* ServiceEntry::fate() const noexcept {
  if (state() == State::failed) return "failed";
  if (state() == State::stopped || !wanted) return "was stopped";
  if (is(ServiceKind::external)) return "does not answer any more";
  return "is not ready any more";
}

void ServiceEntry::note(State before, MachineEventKind event, TimePoint now) {
  if (event == MachineEventKind::spawned && works()) times.spawned = now;
  const auto after = state();
  if (after == before) return;
  if (after == State::completed || (after == State::failed && machine.spawned())) ended_once = true;
  if (after == State::completed) completed_once = true;
  // A crash asks for the next run, also when it has to wait.
  if (after == State::backing_off || (after == State::claiming && before != State::backing_off)) times = {.wanted = now};
  if (after == State::waiting) times.waiting = now;
  if (after == State::ready || after == State::completed || after == State::scheduled) times.ready = now;
  if (after == State::starting && before == State::ready) times.ready = {};
}

}  // namespace devinit::engine
