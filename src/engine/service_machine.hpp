#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "config/project_config.hpp"
#include "engine/snapshot.hpp"

namespace devinit::engine {

/// # The life of one service
///
///           start          claimed            deps_ready           became_ready
///  stopped ──────► claiming ──────► waiting ──────────► starting ───────────────► ready
///     ▲               │ claim_failed   │ deps_failed        │ tree_empty, deadline    │ tree_empty
///     │ tree_empty    ▼                ▼                    ▼                         ▼
///  stopping ◄─stop─ failed ◄── budget spent, or no restart ─┴──── backing_off ◄───────┘
///                                                                     │ deadline
///                                                                     └────────► claiming
///
/// The machine decides and nothing else: time arrives with each event, what must happen leaves as effects, and the only clock it knows is
/// the `deadline()` it asks to be woken at. Every cell of state × event is written down in service_machine.cpp; the compiler checks that
/// none is missing.
///
/// Rules worth knowing before reading the table:
/// - *stopped* means proven empty: only `tree_empty` (the guardian's ECHILD) leads there from a running state.
/// - A service that had been ready restarts at once; one that never was backs off, 0.2 s doubling to 10 s with jitter. Five failures in
///   a row without 30 s of ready in between → failed, however slowly they come.
/// - The end of a long-running service is a failure even with exit code 0 (Next.js exits 0 on EADDRINUSE).
/// - A port stolen between claim and bind is a new claim, not a failure, at most five times.
/// - The first start has one deadline for all its attempts; an automatic restart has a new one each time, and missing it is a failure.
class ServiceMachine {
 public:
  enum class EventKind {
    start,            ///< somebody wants it up (clears the failure count)
    claimed,          ///< its ports are ours and the files are written
    claim_failed,     ///< no port could be had; `text` says why
    deps_ready,       ///< everything it depends on is ready
    deps_failed,      ///< a dependency failed for good; `text` names it
    spawned,          ///< its first process runs
    spawn_failed,     ///< it could not be executed; `text` says why. Trying again would not help
    became_ready,     ///< a listener on its port is proven to be its own
    leader_exited,    ///< the first process ended, descendants remain; `still_serving` if one of them listens on the port. With `clean_exit`
                      ///< while starting it may have made itself a daemon: a descendant has 5 s to listen
    tree_empty,       ///< nothing is left of it
    survivors,        ///< processes that the kernel does not let us end; `text` names them. Nobody watches them any more
    deadline,         ///< the machine's deadline has passed
    rejected,         ///< it came up in a way that the configuration forbids; `text` says how
    not_ready,        ///< so many answers in a row said no that this start has failed; `text` says what they were
    unhealthy,        ///< ready, and its liveness probe failed often enough; `text` says how
    healthy,          ///< the probe is content again
    exceeded,         ///< it takes more than its limit; `text` says of what. Its tree is being killed: tree_empty follows
    nothing_to_do,    ///< instead of `spawned`: a task that runs once has done so; `text` says when
    run,              ///< the time of a scheduled service has come, or a watch wants its task to run
    lost_dependency,  ///< one that it depends on is lost and `on_dependency_loss` says stop; `text` names it
    stop,             ///< somebody wants it down
    restart,          ///< down and up again on the same ports
    kill,             ///< no more grace
  };
  struct Event {
    EventKind kind;
    std::string text = {};
    bool still_serving = false;  ///< leader_exited
    bool port_stolen = false;    ///< tree_empty: it ended because its port was in use
    bool clean_exit = false;     ///< leader_exited: exit code 0
    std::optional<int> exit_code = {};  ///< tree_empty: exit code, when it was not a signal
    FailureCode code = FailureCode::other;  ///< spawn_failed, rejected
  };
  enum class Effect {
    reclaim,     ///< make sure that its ports are still ours, fences closed; answer with claimed or claim_failed
    spawn,       ///< open the fences and start it; answer with spawned or spawn_failed
    stop_tree,   ///< the stop signal, later SIGKILL; tree_empty follows
    kill_tree,   ///< SIGKILL now
    abandon,     ///< the guardian hangs: end it, and what it guarded by other means; tree_empty or survivors follows
    close_fence, ///< nothing of it runs: keep others off its ports until the next spawn
    release,     ///< its ports are not needed any more; nor its next time
    schedule,    ///< answer with run when its time has come
  };

  /// `jitter_seed` makes the back-off of equal services differ.
  ServiceMachine(const config::ServiceConfig& config, std::uint32_t jitter_seed);

  /// New settings for the next spawn; the state stays.
  void reconfigure(const config::ServiceConfig& config);
  [[nodiscard]] std::vector<Effect> step(const Event& event, TimePoint now);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  /// What `detail` is about when it has failed.
  [[nodiscard]] FailureCode failure_code() const noexcept { return failure_code_; }
  [[nodiscard]] int restarts() const noexcept { return restarts_; }
  [[nodiscard]] int failures() const noexcept { return failures_; }
  [[nodiscard]] TimePoint since() const noexcept { return since_; }
  /// When `deadline` must be sent, if nothing else happens before.
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return deadline_; }
  /// A tree of it may exist: between spawn and tree_empty.
  [[nodiscard]] bool running() const noexcept;
  /// A remark for people that does not change the state ("adopted port 3001").
  void remark(std::string detail) { detail_ = std::move(detail); }

 private:
  using Effects = std::vector<Effect>;
  /// What happens when the tree that is being stopped is empty.
  enum class Next { stopped, crashed, failed, restart };

  Effects on_stopped(const Event& event, TimePoint now);
  Effects on_claiming(const Event& event, TimePoint now);
  Effects on_waiting(const Event& event, TimePoint now);
  Effects on_starting(const Event& event, TimePoint now);
  Effects on_ready(const Event& event, TimePoint now);
  Effects on_backing_off(const Event& event, TimePoint now);
  Effects on_failed(const Event& event, TimePoint now);
  Effects on_stopping(const Event& event, TimePoint now);

  void enter(State state, TimePoint now, std::string detail = {}, FailureCode code = FailureCode::other);
  Effects begin(TimePoint now);
  Effects fail(TimePoint now, std::string why, FailureCode code = FailureCode::other);
  Effects stop_for(Next next, TimePoint now, std::string detail, FailureCode code = FailureCode::other);
  void forgive(TimePoint now);
  Effects after_crash(const Event& event, TimePoint now);
  Effects after_stopping(const Event& event, TimePoint now);
  [[nodiscard]] Millis back_off();

  config::RestartSpec restart_;
  Millis ready_deadline_;
  Millis stop_limit_;       ///< a guardian that has not emptied its tree by then hangs
  State state_ = State::stopped;
  Next next_ = Next::stopped;
  std::string detail_;
  FailureCode failure_code_ = FailureCode::other;  ///< while stopping: of the failure that this leads to
  TimePoint since_{};
  std::optional<TimePoint> deadline_;
  std::optional<TimePoint> first_deadline_;  ///< of a start that has not been ready yet, over all its attempts
  std::string daemon_text_;                  ///< why it fails if no descendant of an ended first process listens soon
  bool was_ready_ = false;                   ///< in this run of the tree
  TimePoint ready_since_{};
  int failures_ = 0;                         ///< in a row
  int steals_ = 0;
  int restarts_ = 0;
  std::uint32_t jitter_;
};

}  // namespace devinit::engine
