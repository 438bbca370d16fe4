#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace devinit::engine {

/// The world around an engine, without an operating system. As the real shell it answers claims, writes and reclaims at once,
/// behind what is queued already. Trees come up, serve and end by themselves, unless the test takes them into its own hands.
///
/// `log` has one line per effect worth telling, `broken` one per broken promise: a second tree of a service, a spawn that nobody wants or before
/// what it depends on is as far as it must be, ports released under a tree, an end of what does not run, a deadline in the past, an idle engine
/// beside a tree, a start that neither a process nor a hook is part of.
class FakeShell {
 public:
  explicit FakeShell(std::uint32_t seed = 1) : engine(seed) {}

  /// Sends one event and everything that follows from it.
  void post(Event event);

  // What clients do. No targets: all.
  void start(OperationId id, std::vector<std::string> targets = {}) { request(id, OperationKind::start, std::move(targets)); }
  void restart(OperationId id, std::vector<std::string> targets = {}) {
    request(id, OperationKind::restart, std::move(targets));
  }
  void up(OperationId id, std::vector<std::string> targets = {}) { request(id, OperationKind::up, std::move(targets)); }
  void reload(OperationId id) { request(id, OperationKind::reload, {}); }
  void stop(OperationId id, std::vector<std::string> targets = {}, std::optional<Millis> timeout = {});
  void cancel(OperationId id) { post(Cancelled{id}); }
  void leave(OperationId id) { post(ClientGone{id}); }
  /// Answers the oldest question.
  void answer(PortPlanner::Choice choice, const std::string& reason = {});

  // What trees do.
  void spawned(const std::string& service) { post(ServiceEvent{service, {ServiceMachine::EventKind::spawned}, kPid}); }
  void ready(const std::string& service) { tell(service, ServiceMachine::EventKind::became_ready); }
  /// The tree is gone: by itself, or because it was told to.
  void ended(const std::string& service, const std::string& text = "exited with code 1", bool port_stolen = false,
             int exit_code = 1);
  /// Its hook before the start has failed: nothing was spawned.
  void hook_failed(const std::string& service);
  /// A task has done its work.
  void done(const std::string& service) { ended(service, "exited with code 0", false, 0); }
  /// Nothing of it runs any more, for another reason.
  void lost(const std::string& service, ServiceMachine::EventKind kind, const std::string& text);
  void tell(const std::string& service, ServiceMachine::EventKind kind, const std::string& text = {}) {
    post(ServiceEvent{service, {kind, text}});
  }
  void files_changed(const std::string& service) { post(FilesChanged{service, "app.py"}); }
  /// The time of a scheduled service has come.
  void due(const std::string& service);
  /// Lets time pass up to the next deadline; false when there is none.
  bool tick();

  [[nodiscard]] State state(const std::string& service) const { return engine.snapshot(service).state; }
  [[nodiscard]] std::optional<Port> port(const std::string& service) const { return engine.port_of(service, ""); }
  /// What the client of an operation has read first; the test fails when there was nothing yet.
  [[nodiscard]] const Outcome& outcome(OperationId id) const;
  [[nodiscard]] bool finished(OperationId id) const { return open.count(id) == 0; }
  /// The log since the last call.
  std::vector<std::string> news();
  [[nodiscard]] std::size_t count(const std::string& line) const;
  [[nodiscard]] bool reported(const std::string& service) const { return reported_.count(service) > 0; }
  [[nodiscard]] bool has_notice(const std::string& text) const;
  [[nodiscard]] std::vector<Port> held_ports() const;

  static constexpr int kPid = 4242;
  Engine engine;
  TimePoint now{std::chrono::hours{1}};
  std::vector<ServicePlan> configuration;
  PortSet avoid;

  // the script
  std::set<Port> strangers;          ///< ports that somebody else has
  std::set<std::string> slow_ready;  ///< the test says when they are ready; of a task: when it ends
  std::set<std::string> slow_end;    ///< the test says when their tree is gone after a stop (a kill always works)
  bool slow_everything = false;      ///< all of that, for every service, kills included
  std::optional<Error> write_error;
  std::optional<std::string> reclaim_error;

  // what came of it
  std::vector<std::string> log;
  std::vector<std::string> broken;
  std::deque<AskClient> questions;
  std::set<std::string> trees;                               ///< services that something may run of
  std::set<std::string> probed;                              ///< external services that are asked how they are
  std::set<std::string> awaiting_time;                       ///< scheduled services
  std::map<std::pair<std::string, std::string>, Port> held;  ///< by service and port name
  std::map<OperationId, Outcome> outcomes;                   ///< the first of each operation
  std::set<OperationId> open;                                ///< operations without their last Finished
  std::vector<std::string> notices;
  std::vector<KnownPort> written;  ///< as the files have it

 private:
  void request(OperationId id, OperationKind kind, std::vector<std::string> targets);
  void later(const std::string& service, ServiceMachine::EventKind kind, const std::string& text = {});
  void end_later(const std::string& service, const std::string& text);
  [[nodiscard]] bool is_free(Port port) const;
  [[nodiscard]] bool changes_later_in_step(const std::string& service) const;
  [[nodiscard]] bool ends_later_in_step(const std::string& service) const;
  [[nodiscard]] bool allows(const std::string& need, config::DependencyCondition condition) const;
  void check_spawn(const std::string& service);
  void check_after(const Event& event);
  void check_at_rest();
  void spawn(const std::string& service);

  void carry_out(const ClaimPort& effect);
  void carry_out(const WriteFiles& effect);
  void carry_out(const ServiceEffect& effect);
  void carry_out(const SignalService& effect);
  void carry_out(const AskClient& effect);
  void carry_out(const Tell& effect);
  void carry_out(const TellMoved& effect);
  void carry_out(const Changed& effect);
  void carry_out(const Finished& effect);

  struct Step {
    std::vector<Effect> effects;
    std::size_t at = 0;
  };
  Step step_;
  std::deque<Event> queue_;
  std::set<std::string> ever_configured_;
  std::set<std::string> ending_;     ///< its end has been told, but not heard yet
  std::set<std::string> reported_;   ///< trees whose first process has been reported
  std::set<std::string> was_disabled_;  ///< before the step
  std::set<std::string> completed_;  ///< tasks that came to a good end at least once
};

/// A service with a port (0: none) and what it depends on.
[[nodiscard]] ServicePlan service(const std::string& name, Port prefer, std::vector<std::string> depends_on = {});

/// A service of another kind, without a port.
[[nodiscard]] ServicePlan of_kind(config::ServiceKind kind, const std::string& name, std::vector<std::string> depends_on = {});
[[nodiscard]] ServicePlan task(const std::string& name, std::vector<std::string> depends_on = {});

/// frontend → backend → nothing, and a worker without a port. `running_shop` has been started by an operation 1 that is gone.
[[nodiscard]] FakeShell shop();
[[nodiscard]] FakeShell running_shop();
/// db ← migrate (a task) ← api ← web, nightly (scheduled) → api, api → search (external); nothing runs yet.
[[nodiscard]] FakeShell mixed_shop();

[[nodiscard]] std::vector<std::string> failed_names(const Outcome& outcome);

}  // namespace devinit::engine
