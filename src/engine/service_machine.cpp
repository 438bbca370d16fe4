#include "engine/service_machine.hpp"

#include <algorithm>

namespace devinit::engine {
namespace {

constexpr Millis kFirstBackOff{200};
constexpr Millis kLongestBackOff{10'000};
constexpr Millis kReadyLongEnough{30'000};  ///< clears the failure count
constexpr Millis kDaemonPatience{5'000};
constexpr Millis kKillBudget{15'000};  ///< the guardian's own SIGKILL rounds take at most 10 s
constexpr int kMaxSteals = 5;

using Kind = ServiceMachine::EventKind;
using Effect = ServiceMachine::Effect;

}  // namespace

ServiceMachine::ServiceMachine(const config::ServiceConfig& config, std::uint32_t jitter_seed) : jitter_(jitter_seed | 1) {
  reconfigure(config);
}

void ServiceMachine::reconfigure(const config::ServiceConfig& config) {
  restart_ = config.restart;
  ready_deadline_ = config.ready.deadline;
  stop_limit_ = config.stop.grace + kKillBudget;
}

bool ServiceMachine::running() const noexcept {
  return state_ == State::starting || state_ == State::ready || state_ == State::stopping;
}

void ServiceMachine::enter(State state, TimePoint now, std::string detail, FailureCode code) {
  state_ = state;
  since_ = now;
  detail_ = std::move(detail);
  failure_code_ = code;
  deadline_.reset();
}

ServiceMachine::Effects ServiceMachine::begin(TimePoint now) {
  failures_ = 0;
  steals_ = 0;
  restarts_ = 0;
  was_ready_ = false;
  first_deadline_.reset();
  enter(State::claiming, now);
  return {};
}

ServiceMachine::Effects ServiceMachine::fail(TimePoint now, std::string why, FailureCode code) {
  enter(State::failed, now, std::move(why), code);
  return {Effect::release};
}

ServiceMachine::Effects ServiceMachine::stop_for(Next next, TimePoint now, std::string detail, FailureCode code) {
  next_ = next;
  enter(State::stopping, now, std::move(detail), code);
  deadline_ = now + stop_limit_;
  return {Effect::stop_tree};
}

Millis ServiceMachine::back_off() {
  const int doublings = std::min(failures_ - 1, 10);
  const auto plain = std::min(kFirstBackOff * (1 << doublings), kLongestBackOff);
  jitter_ = jitter_ * 1664525U + 1013904223U;
  const auto percent = 90 + static_cast<int>((jitter_ >> 16) % 21);  // 90 … 110
  return plain * percent / 100;
}

/// Failures before a run that was ready for long enough are history.
void ServiceMachine::forgive(TimePoint now) {
  if (was_ready_ && now - ready_since_ >= kReadyLongEnough) failures_ = 0;
}

/// The tree is gone although nobody wanted that: decides between again, later and never.
ServiceMachine::Effects ServiceMachine::after_crash(const Event& event, TimePoint now) {
  if (event.port_stolen && !was_ready_ && steals_ < kMaxSteals) {
    ++steals_;
    enter(State::claiming, now, "its port was in use when it wanted to bind");
    return {Effect::reclaim};
  }
  forgive(now);
  ++failures_;
  const bool had_been_ready = was_ready_;
  was_ready_ = false;
  if (restart_.policy == config::RestartPolicy::never) return fail(now, event.text);
  // The shell's own words for "not found" and "not executable": trying again would not help.
  if (!had_been_ready && (event.exit_code == 127 || event.exit_code == 126)) return fail(now, event.text);
  if (event.exit_code && std::count(restart_.never_on.begin(), restart_.never_on.end(), *event.exit_code) > 0) {
    return fail(now, event.text + ", which must not restart");
  }
  if (failures_ >= restart_.max) {
    return fail(now, event.text + (failures_ > 1 ? " (failure " + std::to_string(failures_) + " in a row)" : ""));
  }
  ++restarts_;
  if (had_been_ready) {
    enter(State::claiming, now, event.text + "; restarting");
    return {Effect::reclaim};
  }
  const auto pause = back_off();
  enter(State::backing_off, now, event.text + "; next try in " + format_duration(pause));
  deadline_ = now + pause;
  return {Effect::close_fence};
}

ServiceMachine::Effects ServiceMachine::after_stopping(const Event& event, TimePoint now) {
  switch (next_) {
    case Next::stopped:
      enter(State::stopped, now);
      return {Effect::release};
    case Next::crashed: {
      Event crash = event;
      if (!detail_.empty()) crash.text = detail_;
      return after_crash(crash, now);
    }
    case Next::failed:
      return fail(now, detail_, failure_code_);
    case Next::restart:
      forgive(now);
      was_ready_ = false;
      enter(State::claiming, now, "restarting");
      ++restarts_;
      return {Effect::reclaim};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_stopped(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::start:
      return begin(now);
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
    case Kind::stop:
    case Kind::restart:
    case Kind::kill:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_claiming(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::claimed:
      enter(State::waiting, now, detail_);
      return {};
    case Kind::claim_failed:
      return fail(now, event.text);
    case Kind::stop:
      enter(State::stopped, now);
      return {Effect::release};
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
    case Kind::restart:
    case Kind::kill:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_waiting(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::deps_ready: {
      enter(State::starting, now, detail_);
      const bool first_start = !first_deadline_ && restarts_ == 0;
      if (first_start) first_deadline_ = now + ready_deadline_;
      deadline_ = first_deadline_ ? *first_deadline_ : now + ready_deadline_;
      daemon_text_.clear();
      return {Effect::spawn};
    }
    case Kind::deps_failed:
      return fail(now, event.text);
    case Kind::stop:
      enter(State::stopped, now);
      return {Effect::release};
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
    case Kind::restart:
    case Kind::kill:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_starting(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::spawned:
      return {};
    case Kind::spawn_failed:
      return fail(now, event.text, event.code);
    case Kind::became_ready:
      enter(State::ready, now, event.text);
      was_ready_ = true;
      ready_since_ = now;
      first_deadline_.reset();
      steals_ = 0;
      return {};
    case Kind::leader_exited:
      if (event.still_serving) return {};
      if (!event.clean_exit) return stop_for(Next::crashed, now, event.text);
      // It may have turned itself into a daemon: a descendant gets a moment to listen.
      daemon_text_ = event.text + ", and no descendant listens on its port";
      deadline_ = std::min(*deadline_, now + kDaemonPatience);
      return {};
    case Kind::tree_empty:
      return after_crash(event, now);
    case Kind::survivors:
      return fail(now, event.text);
    case Kind::deadline: {
      if (!daemon_text_.empty()) return stop_for(Next::crashed, now, daemon_text_);
      const std::string why = "not ready within " + format_duration(ready_deadline_);
      return stop_for(first_deadline_ ? Next::failed : Next::crashed, now, why);
    }
    case Kind::rejected:
      return stop_for(Next::failed, now, event.text, event.code);
    case Kind::stop:
      return stop_for(Next::stopped, now, {});
    case Kind::restart:
      return stop_for(Next::restart, now, {});
    case Kind::kill:
      next_ = Next::stopped;
      enter(State::stopping, now);
      return {Effect::kill_tree};
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_ready(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::leader_exited:
      if (!event.still_serving) return stop_for(Next::crashed, now, event.text);
      detail_ = event.text + "; a descendant still serves the port";
      return {};
    case Kind::tree_empty:
      return after_crash(event, now);
    case Kind::spawn_failed:  // a service without a port counts as ready before its exec is reported
    case Kind::survivors:
      return fail(now, event.text, event.code);
    case Kind::stop:
      return stop_for(Next::stopped, now, {});
    case Kind::restart:
      return stop_for(Next::restart, now, {});
    case Kind::kill:
      next_ = Next::stopped;
      enter(State::stopping, now);
      return {Effect::kill_tree};
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::became_ready:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
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
    case Kind::stop:
    case Kind::kill:
      enter(State::stopped, now);
      return {Effect::release};
    case Kind::restart: {
      auto effects = begin(now);
      effects.push_back(Effect::reclaim);
      return effects;
    }
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
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_failed(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::start:
      return begin(now);
    case Kind::stop:
    case Kind::kill:
      enter(State::stopped, now);
      return {Effect::release};
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
    case Kind::restart:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_stopping(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::tree_empty:
      return after_stopping(event, now);
    case Kind::spawn_failed:  // the stop overtook the report of a failed exec: nothing was ever started
      return after_stopping(event, now);
    case Kind::deadline:
      deadline_ = now + kKillBudget;
      return {Effect::abandon};
    case Kind::survivors:
      return fail(now, event.text);
    case Kind::stop:
      next_ = Next::stopped;
      detail_.clear();
      return {};
    case Kind::restart:
      next_ = Next::restart;
      return {};
    case Kind::kill:
      next_ = Next::stopped;
      return {Effect::kill_tree};
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::spawned:
    case Kind::became_ready:
    case Kind::leader_exited:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::unhealthy:
    case Kind::healthy:
    case Kind::exceeded:
    case Kind::nothing_to_do:
    case Kind::run:
    case Kind::lost_dependency:
      return {};
  }
  return {};
}

std::vector<ServiceMachine::Effect> ServiceMachine::step(const Event& event, TimePoint now) {
  switch (state_) {
    case State::stopped:
      return on_stopped(event, now);
    case State::claiming:
      return on_claiming(event, now);
    case State::waiting:
      return on_waiting(event, now);
    case State::starting:
      return on_starting(event, now);
    case State::ready:
      return on_ready(event, now);
    case State::backing_off:
      return on_backing_off(event, now);
    case State::failed:
      return on_failed(event, now);
    case State::stopping:
      return on_stopping(event, now);
    case State::running:
    case State::completed:
    case State::scheduled:
      return {};
  }
  return {};
}

}  // namespace devinit::engine
