#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "config/service_config.hpp"
#include "engine/machine_event.hpp"
#include "engine/snapshot.hpp"

namespace devinit::engine {

/// # The life of one service
///
///     stopped ── start ─► claiming ── claimed ─► waiting ── deps_ready ─► starting ─┬─ became_ready ─► ready    (service, external)
///        ▲                   ▲  ▲                                                  └─ spawned ─► running      (task, scheduled)
///        │                   │  └── run ── scheduled ◄── `claimed` of its start, or the end of a run ─┤      (scheduled)
///        │                   │                              completed ◄── tree_empty, exit code 0 ────┤      (task)
///        │ tree_empty        └── deadline ── backing_off ◄── tree_empty, not_ready … ─────────────────┘      (service, task)
///     stopping ◄── stop, from wherever a tree is                failed ◄── budget spent, or no restart
///
/// The machine decides and nothing else: time arrives with each event, what must happen leaves as effects, and the only clock it knows is
/// the `deadline()` it asks to be woken at. Every cell of state × event is written down, in machine_at_rest.cpp where nothing runs and in
/// machine_at_work.cpp where a tree does; the compiler checks that none is missing.
///
/// Rules worth knowing before reading the cells:
/// - *stopped* means proven empty: only `tree_empty` (the guardian's ECHILD) leads there from a running state.
/// - A service that had been ready restarts at once; one that never was, or a task, backs off, 0.2 s doubling to 10 s with jitter. Five
///   failures in a row without 30 s of ready in between → failed, however slowly they come. Being unhealthy for a while forgives nothing.
/// - The end of a long-running service is a failure even with exit code 0 (Next.js exits 0 on EADDRINUSE).
/// - A port stolen between claim and bind is a new claim, not a failure, at most five times.
/// - The first start has one deadline for all its attempts; an automatic restart has a new one each time, and missing it is a failure.
/// - A task has as much time as it wants. One that is told to run while it runs does so once more when it has ended.
/// - A scheduled service goes back to *scheduled* after every run; `detail` says when the last one failed. Its time coming during a run is no news.
/// - An external one has no tree: it is *starting* until it answers and again when it does not answer any more. It fails for good only when
///   somebody has waited for it (`set_awaited`) for as long as its readiness deadline says.
class ServiceMachine {
 public:
  using EventKind = MachineEventKind;
  using Event = MachineEvent;
  using Effect = MachineEffect;

  /// `jitter_seed` makes the back-off of equal services differ.
  ServiceMachine(const config::ServiceConfig& config, std::uint32_t jitter_seed);

  /// New settings for the next spawn; the state stays. Its kind may change only while it is down.
  void reconfigure(const config::ServiceConfig& config);
  [[nodiscard]] std::vector<Effect> step(const Event& event, TimePoint now);
  /// external: somebody waits for it from now on, or nobody does any more.
  void set_awaited(bool awaited, TimePoint now);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  /// What `detail` is about when it has failed.
  [[nodiscard]] FailureCode failure_code() const noexcept { return failure_code_; }
  [[nodiscard]] int restarts() const noexcept { return restarts_; }
  [[nodiscard]] int failures() const noexcept { return failures_; }
  [[nodiscard]] bool healthy() const noexcept { return healthy_; }
  [[nodiscard]] int flaps() const noexcept { return flaps_; }
  [[nodiscard]] TimePoint since() const noexcept { return since_; }
  /// When `deadline` must be sent, if nothing else happens before.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return deadline_; }
  /// A tree of it may exist: between spawn and tree_empty.
  [[nodiscard]] bool running() const noexcept;
  /// Its tree is being ended for another run to take its place; a stop may still come in between.
  [[nodiscard]] bool restarting() const noexcept { return state_ == State::stopping && next_ == Next::restart; }
  /// Its first process has been reported in the run under way, or in the last one.
  [[nodiscard]] bool spawned() const noexcept { return spawned_; }
  /// A scheduled service between two runs or in one.
  [[nodiscard]] bool on_schedule() const noexcept { return state_ == State::scheduled || run_due_; }
  /// It can run again without an order by hand: nothing of it is left that nobody watches.
  [[nodiscard]] bool may_run_again() const noexcept { return !survived_; }
  /// A remark for people that does not change the state ("adopted port 3001").
  void remark(std::string detail) { detail_ = std::move(detail); }

 private:
  using Effects = std::vector<Effect>;
  /// What happens when the tree that is being stopped is empty.
  enum class Next { stopped, crashed, failed, restart, completed };
  static constexpr Millis kKillBudget{15'000};  ///< the guardian's own SIGKILL rounds take at most 10 s

  // machine_at_rest.cpp
  Effects on_stopped(const Event& event, TimePoint now);
  Effects on_claiming(const Event& event, TimePoint now);
  Effects on_waiting(const Event& event, TimePoint now);
  Effects on_backing_off(const Event& event, TimePoint now);
  Effects on_ended(const Event& event, TimePoint now);  ///< failed, completed
  Effects on_scheduled(const Event& event, TimePoint now);
  Effects on_external(const Event& event, TimePoint now);  ///< starting, ready

  // machine_at_work.cpp
  Effects on_starting(const Event& event, TimePoint now);
  Effects on_ready(const Event& event, TimePoint now);
  Effects on_running(const Event& event, TimePoint now);
  Effects on_stopping(const Event& event, TimePoint now);

  [[nodiscard]] bool runs_to_end() const noexcept;
  void enter(State state, TimePoint now, std::string detail = {}, FailureCode code = FailureCode::other);
  Effects begin(TimePoint now);
  Effects run_again(TimePoint now);
  Effects launch(TimePoint now);
  Effects fail(TimePoint now, std::string why, FailureCode code = FailureCode::other);
  Effects leave_behind(const Event& event, TimePoint now);
  Effects halt(TimePoint now, std::string detail = {});
  Effects stop_for(Next next, TimePoint now, std::string detail, FailureCode code = FailureCode::other);
  Effects kill_now(TimePoint now);
  Effects complete(TimePoint now, std::string detail);
  Effects back_to_schedule(TimePoint now, std::string detail);
  void forgive(TimePoint now);
  Effects after_crash(const Event& event, TimePoint now);
  Effects after_run(const Event& event, bool well, TimePoint now);
  Effects after_stopping(const Event& event, TimePoint now);
  [[nodiscard]] Millis back_off();

  config::ServiceKind kind_ = config::ServiceKind::service;
  config::RestartSpec restart_;
  config::LiveAction live_action_ = config::LiveAction::restart;
  Millis ready_deadline_{};
  Millis stop_limit_{};     ///< a guardian that has not emptied its tree by then hangs
  State state_ = State::stopped;
  Next next_ = Next::stopped;
  std::string detail_;
  FailureCode failure_code_ = FailureCode::other;  ///< while stopping: of the failure that this leads to
  TimePoint since_{};
  std::optional<TimePoint> deadline_;
  std::optional<TimePoint> first_deadline_;  ///< of a start that has not been ready yet, over all its attempts
  std::string daemon_text_;                  ///< why it fails if no descendant of an ended first process listens soon
  std::string exceeded_;                     ///< which limit the run under way was killed for
  bool was_ready_ = false;                   ///< in this run of the tree
  TimePoint ready_since_{};
  bool spawned_ = false;
  bool leader_ended_ = false;                ///< the first process of the run under way ended before anybody told it to
  bool healthy_ = true;
  bool awaited_ = false;                     ///< external
  bool run_due_ = false;                     ///< scheduled: a run is under way, from its time on
  bool again_ = false;                       ///< task: to be run once more
  bool survived_ = false;                    ///< something of the last run may be left
  int flaps_ = 0;
  int failures_ = 0;                         ///< in a row
  int steals_ = 0;
  int restarts_ = 0;
  std::uint32_t jitter_;
};

}  // namespace devinit::engine
