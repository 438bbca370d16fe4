// The cells of state × event where nothing of the service runs.
#include "engine/service_machine.hpp"

namespace devinit::engine {
namespace {

using Kind = ServiceMachine::EventKind;

}  // namespace

ServiceMachine::Effects ServiceMachine::on_stopped(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::start:
      return begin(now);
    case Kind::run:
      return kind_ == config::ServiceKind::scheduled ? Effects{} : run_again(now);
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::spawn_failed:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::lost_dependency:
    case Kind::stop:
    case Kind::restart:
    case Kind::kill:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_claiming(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::claimed:
      if (kind_ == config::ServiceKind::scheduled && !run_due_) {
        enter(State::scheduled, now);
        return {Effect::schedule};
      }
      enter(State::waiting, now, detail_);
      return {};
    case Kind::claim_failed:
      return run_due_ ? back_to_schedule(now, "the last run failed: " + event.text) : fail(now, event.text);
    case Kind::stop:
      return halt(now);
    case Kind::start:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::spawn_failed:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
    case Kind::restart:
    case Kind::kill:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_waiting(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::deps_ready:
      return launch(now);
    case Kind::deps_failed:
      return run_due_ ? back_to_schedule(now, "the last run was " + event.text) : fail(now, event.text, FailureCode::dependency);
    case Kind::stop:
      return halt(now);
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::spawned:
    case Kind::spawn_failed:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
    case Kind::restart:
    case Kind::kill:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_backing_off(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::deadline:
      enter(State::claiming, now);
      return {Effect::reclaim};
    case Kind::start: {
      auto effects = begin(now);
      effects.push_back(Effect::reclaim);
      return effects;
    }
    case Kind::run:
    case Kind::restart:
      return run_again(now);
    case Kind::stop:
    case Kind::kill:
      return halt(now);
    case Kind::lost_dependency:
      return halt(now, event.text);
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::spawn_failed:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_ended(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::start:
      return begin(now);
    case Kind::run:
    case Kind::restart:
      return run_again(now);
    case Kind::stop:
    case Kind::kill:
      return halt(now);
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::spawn_failed:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_scheduled(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::run:
    case Kind::restart:
      run_due_ = true;
      enter(State::claiming, now);
      return {Effect::reclaim};
    case Kind::stop:
    case Kind::kill:
      return halt(now);
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::spawn_failed:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_external(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::became_ready:
    case Kind::healthy:
      if (state_ == State::starting) enter(State::ready, now, event.text);
      return {};
    case Kind::not_ready:
      if (state_ == State::starting) detail_ = event.text;
      return {};
    case Kind::unhealthy:
      if (state_ == State::ready) {
        ++flaps_;
        enter(State::starting, now);
        if (awaited_) deadline_ = now + ready_deadline_;
      }
      detail_ = event.text;
      return {};
    case Kind::deadline:
      if (state_ != State::starting) return {};
      return fail(now, (detail_.empty() ? "" : detail_ + ": ") + "not ready within " + format_duration(ready_deadline_));
    case Kind::spawn_failed:
    case Kind::rejected:
      return fail(now, event.text, event.code);
    case Kind::lost_dependency:
      return halt(now, event.text);
    case Kind::stop:
    case Kind::kill:
      return halt(now);
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::leader_exited:
    case Kind::tree_empty:
    case Kind::survivors:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::restart:
      return {};
  }
  return {};
}

}  // namespace devinit::engine
