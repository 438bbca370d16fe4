#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/events.hpp"
#include "engine/operation.hpp"
#include "engine/service_entry.hpp"
#include "engine/snapshot.hpp"

namespace devinit::engine {

/// The brain of one project: all services, all operations of all clients. `step` takes one event and the time and says what must be done;
/// nothing in here reads a clock, a file or a socket. ServiceMachine decides for one service; this class orders them. A command costs a look at
/// each service and dependency, what happens to one service a look at its neighbours.
class Engine {
 public:
  explicit Engine(std::uint32_t seed) : seed_(seed) {}
  Engine(Engine&&) = default;  // never copied: the graph points into itself
  Engine& operator=(Engine&&) = default;

  [[nodiscard]] std::vector<Effect> step(const Event& event, TimePoint now);
  /// When a `Tick` is due, if nothing else happens before.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  /// No service runs or is about to, and no operation is under way: the program may end. What is run by others does not count.
  [[nodiscard]] bool idle() const { return operations_.empty() && loud_ == 0; }
  /// In configuration order; `since`, `timeline`, `status`, `exit_code` and `next_run` are left to the caller, who knows the wall clock and the
  /// service. `ready` is what a command that wants the service up waits for: of a task completed, of a scheduled one scheduled or running.
  [[nodiscard]] std::vector<ServiceSnapshot> snapshots() const;
  [[nodiscard]] ServiceSnapshot snapshot(const std::string& service) const;
  [[nodiscard]] TimePoint since(const std::string& service) const;
  using Times = StartTimes;  ///< the caller turns it into a Timeline
  [[nodiscard]] Times times(const std::string& service) const;
  [[nodiscard]] const config::ServiceConfig* config_of(const std::string& service) const;
  [[nodiscard]] bool restarting(const std::string& service) const;  ///< stopping, for another run on the same ports
  /// The port that a service has, will have or would have. Nothing for an external one: no port of it is planned.
  [[nodiscard]] std::optional<Port> port_of(const std::string& service, const std::string& port_name) const;
  [[nodiscard]] std::vector<KnownPort> ports() const;  ///< every known one, in configuration order

 private:
  using Entry = ServiceEntry;
  void handle(const StartRequest& request, TimePoint now);
  void handle(const StopRequest& request, TimePoint now);
  void handle(const Answered& event, TimePoint now);
  void handle(const Claimed& event, TimePoint now);
  void handle(const FilesWritten& event, TimePoint now);
  void handle(const ServiceEvent& event, TimePoint now);
  void handle(const PortChanged& event, TimePoint now);
  void handle(const FilesChanged& event, TimePoint now);
  void handle(const Cancelled& event, TimePoint now);
  void handle(const ClientGone& event, TimePoint now);
  void handle(const Tick& event, TimePoint now);

  // configuration.cpp
  void adopt_configuration(const StartRequest& request);
  void link();
  void forget_removed();
  [[nodiscard]] std::vector<std::string> with_dependencies(const std::vector<std::string>& targets) const;

  // planning.cpp
  void resolve_targets(Operation& operation, TimePoint now);
  [[nodiscard]] std::set<std::string> to_start(const Operation& operation) const;
  void begin_planning(Operation& operation, TimePoint now);
  void enlist(Operation& operation, Entry& service, bool starts, TimePoint now);
  void advance_plan(Operation& operation, TimePoint now);
  void release_foreseen(const Operation& operation);
  void foresee_ports(const Operation& operation);

  // operations.cpp: the phases of a start, restart or up
  void begin(Operation& operation, TimePoint now);
  void enter(Operation& operation, Operation::Phase phase, TimePoint now);
  void release_kept(const Operation& operation);
  void give_up(Operation& operation, const Error& error, TimePoint now);
  void finish(Operation& operation, Outcome outcome);
  bool settle_waiting(Operation& operation, TimePoint now);
  bool settle_holding(Operation& operation, TimePoint now);
  [[nodiscard]] Outcome outcome_of(const Operation& operation) const;
  [[nodiscard]] bool may_begin(const Operation& operation) const;
  void begin_reload(Operation& operation, TimePoint now);  // reloading.cpp
  void take_over_in_place(Entry& service, const ServicePlan& plan);
  void hold_added(const Operation& operation);

  // stopping.cpp
  void stop_started(Operation& operation, TimePoint now);
  void release_hold(const std::string& service, OperationId holder, std::vector<std::string>& unheld);
  bool settle_stops(Operation& operation, TimePoint now);
  bool tell_to_stop(Operation& operation, Entry& service, TimePoint now);
  [[nodiscard]] bool is_needed(const Operation& operation, const Entry& service) const;
  [[nodiscard]] bool is_done(const Operation& operation, const std::string& service) const;
  void end_without_grace(Operation& operation, TimePoint now);
  void tell_who_blocks(Operation& operation, TimePoint now);
  void stays_down(Entry& service);
  [[nodiscard]] bool keeps_ports(const std::string& service) const;
  [[nodiscard]] bool comes_back(const std::string& service) const;

  // settling.cpp: what follows by itself
  void settle(TimePoint now);
  void settle_services(TimePoint now);
  bool settle_operation(Operation& operation, TimePoint now);
  void consider(Entry& service, TimePoint now);
  [[nodiscard]] Loss take_loss(Entry& service) const;
  void lose(const Entry::Link& dependent, const Entry& need, const Loss& loss, TimePoint now);
  [[nodiscard]] bool awaits_restart(const Entry& service) const;
  void await_externals(TimePoint now);

  // watching.cpp
  [[nodiscard]] bool has_to_wait(const FilesChanged& event) const;
  bool catch_up(TimePoint now);
  void run_watched(Entry& service, const std::string& summary, TimePoint now);
  void run_task(const Entry& watcher, const std::string& summary, TimePoint now);
  void cascade(Entry& service, const std::string& summary, TimePoint now);
  void come_back(Operation& operation, TimePoint now);
  void leave_out(Operation& cascade, const std::set<std::string>& names);

  // engine.cpp
  void send(Entry& service, MachineEvent event, TimePoint now);
  void arm(Entry& service);
  void release_all(Entry& service);
  void find_stale(TimePoint now);
  [[nodiscard]] PortsThen ports_now();
  [[nodiscard]] std::set<std::string> moved_since(const PortsThen& then) const;
  Entry* find(const std::string& name);
  [[nodiscard]] const Entry* find(const std::string& name) const;
  Operation* find_operation(OperationId id);
  [[nodiscard]] ServiceSnapshot snapshot_of(const Entry& service) const;

  std::uint32_t seed_;
  std::vector<std::string> order_;
  std::map<std::string, Entry> services_;
  std::vector<Entry*> externals_;
  bool any_removed_ = false;
  std::vector<FilesChanged> postponed_;                 ///< until the plan under way is complete
  std::vector<std::unique_ptr<Operation>> operations_;  ///< in the order of arrival
  std::set<std::pair<TimePoint, Entry*>> deadlines_;    ///< of all machines
  std::size_t loud_ = 0;                                ///< services that are not quiet
  std::uint64_t last_question_ = 0;
  PortsThen ports_now_;                                 ///< until a port changes
  std::vector<Effect> effects_;  ///< of the step under way, as the two below
  std::vector<Entry*> news_;     ///< services that something happened to, in order; null: forgotten since
  std::size_t heard_ = 0;        ///< so many of them have been told to their neighbours
};

}  // namespace devinit::engine
