// The cells of state × event where a tree of the service runs, or may.
#include <algorithm>

#include "engine/service_machine.hpp"

namespace devinit::engine {
namespace {

constexpr Millis kDaemonPatience{5'000};
using Kind = ServiceMachine::EventKind;

}  // namespace

ServiceMachine::Effects ServiceMachine::on_starting(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::spawned:
      spawned_ = true;
      if (runs_to_end()) enter(State::running, now, detail_);
      return {};
    case Kind::nothing_to_do:
      return kind_ == config::ServiceKind::task ? complete(now, event.text) : Effects{};
    case Kind::spawn_failed:
      return run_due_ ? back_to_schedule(now, "the last run failed: " + event.text) : fail(now, event.text, event.code);
    case Kind::became_ready:
      if (runs_to_end()) return {};
      enter(State::ready, now, event.text);
      was_ready_ = true;
      ready_since_ = now;
      first_deadline_.reset();
      steals_ = 0;
      return {};
    case Kind::leader_exited:
      leader_ended_ = true;
      if (runs_to_end()) return stop_for(event.clean_exit ? Next::completed : Next::crashed, now, event.text);
      if (event.still_serving) return {};
      if (!event.clean_exit) return stop_for(Next::crashed, now, event.text);
      // It may have turned itself into a daemon: a descendant gets a moment to listen.
      daemon_text_ = event.text + ", and no descendant listens on its port";
      deadline_ = std::min(*deadline_, now + kDaemonPatience);
      return {};
    case Kind::tree_empty:
      return runs_to_end() ? after_run(event, event.exit_code == 0 && exceeded_.empty(), now) : after_crash(event, now);
    case Kind::survivors:
      return leave_behind(event, now);
    case Kind::deadline: {
      if (!daemon_text_.empty()) return stop_for(Next::crashed, now, daemon_text_);
      const std::string why = "not ready within " + format_duration(ready_deadline_);
      return stop_for(first_deadline_ ? Next::failed : Next::crashed, now, why);
    }
    case Kind::not_ready:
      // What runs to its end is asked nothing, but its hook may have failed.
      if (runs_to_end() && event.code != FailureCode::hook_failed) return {};
      return stop_for(Next::crashed, now, event.text, event.code);
    case Kind::rejected:
      return stop_for(Next::failed, now, event.text, event.code);
    case Kind::exceeded:
      exceeded_ = event.text;
      return {};
    case Kind::run:
      again_ = kind_ == config::ServiceKind::task;
      return {};
    case Kind::stop:
      return stop_for(Next::stopped, now, {});
    case Kind::lost_dependency:
      return stop_for(Next::stopped, now, event.text);
    case Kind::restart:
      if (event.afresh) failures_ = 0;
      return stop_for(Next::restart, now, {});
    case Kind::kill:
      return kill_now(now);
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::unhealthy:
    case Kind::healthy:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_ready(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::leader_exited:
      leader_ended_ = true;
      if (!event.still_serving) return stop_for(Next::crashed, now, event.text);
      detail_ = event.text + "; a descendant still serves the port";
      return {};
    case Kind::tree_empty:
      return after_crash(event, now);
    case Kind::survivors:
      return leave_behind(event, now);
    case Kind::spawned:
      spawned_ = true;
      return {};
    case Kind::spawn_failed:
      // A service without a port counts as ready before its exec is reported.
      return fail(now, event.text, event.code);
    case Kind::unhealthy:
      if (!healthy_) return {};
      ++flaps_;
      if (live_action_ == config::LiveAction::restart) return stop_for(Next::crashed, now, event.text);
      healthy_ = false;
      detail_ = event.text;
      return {};
    case Kind::healthy:
      if (!healthy_) detail_.clear();
      healthy_ = true;
      return {};
    case Kind::exceeded:
      exceeded_ = event.text;
      return {};
    case Kind::stop:
      return stop_for(Next::stopped, now, {});
    case Kind::lost_dependency:
      return stop_for(Next::stopped, now, event.text);
    case Kind::restart:
      if (event.afresh) failures_ = 0;
      return stop_for(Next::restart, now, {});
    case Kind::kill:
      return kill_now(now);
    case Kind::start:
    case Kind::claimed:
    case Kind::claim_failed:
    case Kind::deps_ready:
    case Kind::deps_failed:
    case Kind::became_ready:
    case Kind::deadline:
    case Kind::rejected:
    case Kind::not_ready:
    case Kind::nothing_to_do:
    case Kind::run:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_running(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::leader_exited:
      // Its work is done, or not: what it left behind does not belong to the result.
      leader_ended_ = true;
      return stop_for(event.clean_exit ? Next::completed : Next::crashed, now, event.text);
    case Kind::tree_empty:
      return after_run(event, event.exit_code == 0 && exceeded_.empty(), now);
    case Kind::survivors:
      return leave_behind(event, now);
    case Kind::spawn_failed:
      return run_due_ ? back_to_schedule(now, "the last run failed: " + event.text) : fail(now, event.text, event.code);
    case Kind::exceeded:
      exceeded_ = event.text;
      return {};
    case Kind::run:
      again_ = kind_ == config::ServiceKind::task;
      return {};
    case Kind::stop:
      return stop_for(Next::stopped, now, {});
    case Kind::lost_dependency:
      return stop_for(Next::stopped, now, event.text);
    case Kind::restart:
      return stop_for(Next::restart, now, {});
    case Kind::kill:
      return kill_now(now);
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
    case Kind::nothing_to_do:
      return {};
  }
  return {};
}

ServiceMachine::Effects ServiceMachine::on_stopping(const Event& event, TimePoint now) {
  switch (event.kind) {
    case Kind::tree_empty:
      return after_stopping(event, now);
    case Kind::spawn_failed:
      // The stop overtook the report of a failed exec: nothing was ever started.
      return after_stopping(event, now);
    case Kind::deadline:
      deadline_ = now + kKillBudget;
      return {Effect::abandon};
    case Kind::survivors:
      return leave_behind(event, now);
    case Kind::stop:
      next_ = Next::stopped;
      detail_.clear();
      return {};
    case Kind::lost_dependency:
      if (next_ != Next::stopped) detail_ = event.text;
      next_ = Next::stopped;
      return {};
    case Kind::restart:
      if (next_ == Next::stopped) return {};  // who wants it down has the last word
      if (event.afresh) failures_ = 0;
      next_ = Next::restart;
      return {};
    case Kind::run:
      again_ = kind_ == config::ServiceKind::task && next_ != Next::stopped && next_ != Next::restart;
      return {};
    case Kind::kill:
      if (next_ != Next::stopped) detail_.clear();
      next_ = Next::stopped;
      deadline_ = std::min(deadline_.value_or(now + kKillBudget), now + kKillBudget);
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
      return {};
  }
  return {};
}

}  // namespace devinit::engine
