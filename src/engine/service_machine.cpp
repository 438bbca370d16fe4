// The rules that several cells of the table share: how a run begins, and what follows when it ends.
#include "engine/service_machine.hpp"

#include <algorithm>

namespace devinit::engine {
namespace {

constexpr Millis kFirstBackOff{200};
constexpr Millis kLongestBackOff{10'000};
constexpr Millis kReadyLongEnough{30'000};  ///< clears the failure count
constexpr int kMaxSteals = 5;

}  // namespace

ServiceMachine::ServiceMachine(const config::ServiceConfig& config, std::uint32_t jitter_seed) : jitter_(jitter_seed | 1) {
  reconfigure(config);
}

void ServiceMachine::reconfigure(const config::ServiceConfig& config) {
  kind_ = config.kind;
  restart_ = config.restart;
  live_action_ = config.live ? config.live->action : config::LiveAction::restart;
  ready_deadline_ = config.ready.deadline;
  stop_limit_ = config.stop.grace + kKillBudget;
}

bool ServiceMachine::runs_to_end() const noexcept {
  return kind_ == config::ServiceKind::task || kind_ == config::ServiceKind::scheduled;
}

bool ServiceMachine::running() const noexcept {
  if (kind_ == config::ServiceKind::external) return false;
  return state_ == State::starting || state_ == State::ready || state_ == State::running || state_ == State::stopping;
}

void ServiceMachine::set_awaited(bool awaited, TimePoint now) {
  if (kind_ != config::ServiceKind::external || awaited == awaited_) return;
  awaited_ = awaited;
  if (state_ != State::starting) return;
  deadline_.reset();
  if (awaited) deadline_ = now + ready_deadline_;
}

void ServiceMachine::enter(State state, TimePoint now, std::string detail, FailureCode code) {
  state_ = state;
  since_ = now;
  detail_ = std::move(detail);
  failure_code_ = code;
  healthy_ = true;
  deadline_.reset();
}

/// A start by hand: from the beginning.
ServiceMachine::Effects ServiceMachine::begin(TimePoint now) {
  failures_ = 0;
  steals_ = 0;
  restarts_ = 0;
  flaps_ = 0;
  was_ready_ = false;
  spawned_ = false;
  run_due_ = false;
  again_ = false;
  survived_ = false;
  first_deadline_.reset();
  enter(State::claiming, now);
  return {};
}

/// Up again without a plan, on the ports that it had. Nobody waits for it as for a first start.
ServiceMachine::Effects ServiceMachine::run_again(TimePoint now) {
  if (survived_) return {};
  failures_ = 0;
  steals_ = 0;
  was_ready_ = false;
  again_ = false;
  first_deadline_.reset();
  if (!runs_to_end()) ++restarts_;
  enter(State::claiming, now);
  return {Effect::reclaim};
}

ServiceMachine::Effects ServiceMachine::launch(TimePoint now) {
  enter(State::starting, now, detail_);
  spawned_ = false;
  leader_ended_ = false;
  daemon_text_.clear();
  exceeded_.clear();
  if (kind_ == config::ServiceKind::external) {
    if (awaited_) deadline_ = now + ready_deadline_;
  } else if (!runs_to_end()) {
    const bool first_start = !first_deadline_ && restarts_ == 0;
    if (first_start) first_deadline_ = now + ready_deadline_;
    deadline_ = first_deadline_ ? *first_deadline_ : now + ready_deadline_;
  }
  return {Effect::spawn};
}

ServiceMachine::Effects ServiceMachine::fail(TimePoint now, std::string why, FailureCode code) {
  run_due_ = false;
  again_ = false;
  enter(State::failed, now, std::move(why), code);
  return {Effect::release};
}

/// Processes remain that nobody watches: a second tree beside them would be one too many.
ServiceMachine::Effects ServiceMachine::leave_behind(const Event& event, TimePoint now) {
  survived_ = true;
  return fail(now, event.text);
}

/// Down, because nothing of it runs.
ServiceMachine::Effects ServiceMachine::halt(TimePoint now, std::string detail) {
  run_due_ = false;
  again_ = false;
  enter(State::stopped, now, std::move(detail));
  return {Effect::release};
}

ServiceMachine::Effects ServiceMachine::stop_for(Next next, TimePoint now, std::string detail, FailureCode code) {
  next_ = next;
  enter(State::stopping, now, std::move(detail), code);
  deadline_ = now + stop_limit_;
  return {Effect::stop_tree};
}

ServiceMachine::Effects ServiceMachine::kill_now(TimePoint now) {
  next_ = Next::stopped;
  enter(State::stopping, now);
  deadline_ = now + kKillBudget;
  return {Effect::kill_tree};
}

ServiceMachine::Effects ServiceMachine::complete(TimePoint now, std::string detail) {
  failures_ = 0;
  enter(State::completed, now, std::move(detail));
  return {Effect::release};
}

ServiceMachine::Effects ServiceMachine::back_to_schedule(TimePoint now, std::string detail) {
  run_due_ = false;
  enter(State::scheduled, now, std::move(detail));
  return {Effect::close_fence, Effect::schedule};
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
  const auto why = exceeded_.empty() ? event.text : exceeded_;
  const auto code = exceeded_.empty() ? event.code : FailureCode::out_of_memory;
  if (event.port_stolen && !was_ready_ && steals_ < kMaxSteals) {
    ++steals_;
    enter(State::claiming, now, "its port was in use when it wanted to bind");
    return {Effect::reclaim};
  }
  forgive(now);
  ++failures_;
  const bool had_been_ready = was_ready_;
  was_ready_ = false;
  if (restart_.policy == config::RestartPolicy::never) return fail(now, why, code);
  // The shell's own words for "not found" and "not executable": trying again would not help.
  if (!had_been_ready && (event.exit_code == 127 || event.exit_code == 126)) return fail(now, why, code);
  if (event.exit_code && std::count(restart_.never_on.begin(), restart_.never_on.end(), *event.exit_code) > 0) {
    return fail(now, why + "; `restart.never_on` names that code", code);
  }
  if (failures_ >= restart_.max) {
    return fail(now, why + (failures_ > 1 ? " (failure " + std::to_string(failures_) + " in a row)" : ""), code);
  }
  ++restarts_;
  if (had_been_ready) {
    enter(State::claiming, now, why + "; restarting");
    return {Effect::reclaim};
  }
  const auto pause = back_off();
  enter(State::backing_off, now, why + "; next try in " + format_duration(pause));
  deadline_ = now + pause;
  return {Effect::close_fence};
}

/// A run of a task or a scheduled service is over.
ServiceMachine::Effects ServiceMachine::after_run(const Event& event, bool well, TimePoint now) {
  if (again_) return run_again(now);
  if (kind_ == config::ServiceKind::scheduled) {
    return back_to_schedule(now, well ? "" : "the last run failed: " + (exceeded_.empty() ? event.text : exceeded_));
  }
  return well ? complete(now, {}) : after_crash(event, now);
}

ServiceMachine::Effects ServiceMachine::after_stopping(const Event& event, TimePoint now) {
  switch (next_) {
    case Next::stopped:
      return halt(now, detail_);
    case Next::crashed: {
      Event crash = event;
      if (!detail_.empty()) crash.text = detail_;
      crash.code = failure_code_;
      if (!leader_ended_) crash.exit_code.reset();  // our own signal ended it: its code says nothing about it
      return runs_to_end() ? after_run(crash, false, now) : after_crash(crash, now);
    }
    case Next::failed:
      return fail(now, detail_, failure_code_);
    case Next::completed:
      return after_run(event, true, now);
    case Next::restart:
      forgive(now);
      was_ready_ = false;
      enter(State::claiming, now, "restarting");
      if (!runs_to_end()) ++restarts_;
      return {Effect::reclaim};
  }
  return {};
}

std::vector<ServiceMachine::Effect> ServiceMachine::step(const Event& event, TimePoint now) {
  const bool probed = kind_ == config::ServiceKind::external;
  switch (state_) {
    case State::stopped:
      return on_stopped(event, now);
    case State::claiming:
      return on_claiming(event, now);
    case State::waiting:
      return on_waiting(event, now);
    case State::starting:
      return probed ? on_external(event, now) : on_starting(event, now);
    case State::ready:
      return probed ? on_external(event, now) : on_ready(event, now);
    case State::backing_off:
      return on_backing_off(event, now);
    case State::failed:
    case State::completed:
      return on_ended(event, now);
    case State::stopping:
      return on_stopping(event, now);
    case State::running:
      return on_running(event, now);
    case State::scheduled:
      return on_scheduled(event, now);
  }
  return {};
}

}  // namespace devinit::engine
