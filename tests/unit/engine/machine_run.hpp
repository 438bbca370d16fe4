#pragma once

#include <string>
#include <utility>

#include "engine/service_machine.hpp"
#include "unit/engine/effect_text.hpp"

namespace devinit::engine {

/// One machine and its clock.
struct Run {
  explicit Run(const config::ServiceConfig& config = {}, std::uint32_t seed = 1) : machine(config, seed) {}

  std::string send(const ServiceMachine::Event& event) { return text_of(machine.step(event, now)); }
  std::string send(ServiceMachine::EventKind kind) { return send(ServiceMachine::Event{kind}); }
  void all(std::initializer_list<ServiceMachine::EventKind> some) {
    for (const auto kind : some) send(kind);
  }
  void pass(Millis time) { now += time; }
  void spawn() {
    all({ServiceMachine::EventKind::start, ServiceMachine::EventKind::claimed, ServiceMachine::EventKind::deps_ready});
  }
  /// What the outside answers to an automatic restart, back-off included.
  void spawn_again() {
    if (machine.state() == State::backing_off) {
      now = *machine.deadline();
      send(ServiceMachine::EventKind::deadline);
    }
    all({ServiceMachine::EventKind::claimed, ServiceMachine::EventKind::deps_ready});
  }
  [[nodiscard]] State state() const { return machine.state(); }
  [[nodiscard]] Millis until_deadline() const { return std::chrono::duration_cast<Millis>(*machine.deadline() - now); }

  ServiceMachine machine;
  TimePoint now{std::chrono::hours{1}};
};

/// The tree ended with an exit code, or without one by a signal.
inline ServiceMachine::Event crash(std::string text = "exited with code 1", std::optional<int> code = 1) {
  ServiceMachine::Event event{ServiceMachine::EventKind::tree_empty, std::move(text)};
  event.exit_code = code;
  return event;
}

/// A configuration of this kind.
inline config::ServiceConfig of_kind(config::ServiceKind kind) {
  config::ServiceConfig config;
  config.kind = kind;
  return config;
}

/// The kind of service that a state is typical of.
inline config::ServiceKind kind_in(State state) {
  if (state == State::running || state == State::completed) return config::ServiceKind::task;
  return state == State::scheduled ? config::ServiceKind::scheduled : config::ServiceKind::service;
}

/// A machine that has come to `state` on the shortest way.
inline Run run_in(State state) {
  using Kind = ServiceMachine::EventKind;
  Run run(of_kind(kind_in(state)));
  switch (state) {
    case State::stopped:
      break;
    case State::claiming:
      run.send(Kind::start);
      break;
    case State::waiting:
    case State::scheduled:
      run.all({Kind::start, Kind::claimed});
      break;
    case State::starting:
      run.spawn();
      break;
    case State::ready:
      run.spawn();
      run.send(Kind::became_ready);
      break;
    case State::backing_off:
      run.spawn();
      run.send(crash());
      break;
    case State::failed:
      run.all({Kind::start, Kind::claim_failed});
      break;
    case State::stopping:
      run.spawn();
      run.all({Kind::became_ready, Kind::stop});
      break;
    case State::running:
      run.spawn();
      run.send(Kind::spawned);
      break;
    case State::completed:
      run.spawn();
      run.send(Kind::spawned);
      run.send(crash("exited with code 0", 0));
      break;
  }
  return run;
}

}  // namespace devinit::engine
