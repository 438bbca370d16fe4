#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/operation.hpp"
#include "engine/port_planner.hpp"
#include "engine/service_machine.hpp"
#include "engine/snapshot.hpp"

namespace devinit::engine {

/// # Events: what the outside tells the engine
struct Answered { OperationId operation; std::uint64_t question; PortPlanner::Choice choice; std::string reason; };
struct Claimed { OperationId operation; std::size_t wish; ClaimOutcome outcome; };
struct FilesWritten { OperationId operation; std::optional<Error> error; };
struct ServiceEvent { std::string service; ServiceMachine::Event event; std::optional<int> pid = {}; };
/// A port had to be given up for another one: stolen, the service listens elsewhere (the new one is `held` already), or foreseen and leased
/// to another owner meanwhile (then it is not `held`).
struct PortChanged {
  std::string service;
  std::string port_name;
  Port port;
  std::string reason;
  std::string source;
  bool held = true;
};
/// Files that a service watches have changed and been quiet for its debounce; `summary` for people: "app.py", "app.py and 3 more".
struct FilesChanged { std::string service; std::string summary; };
struct Cancelled { OperationId operation; };
struct ClientGone { OperationId operation; };
struct Tick {};
using Event = std::variant<StartRequest, StopRequest, Answered, Claimed, FilesWritten, ServiceEvent, PortChanged, FilesChanged, Cancelled, ClientGone, Tick>;

/// # Effects: what the outside must do
struct ClaimPort { OperationId operation; std::size_t wish; std::string service; std::string port_name; Port first; Port last; int tries; PortsToAvoid avoid; };
struct WriteFiles { OperationId operation; };  ///< 0: because a port changed; no answer is needed then
struct ServiceEffect { std::string service; ServiceMachine::Effect effect; };
struct SignalService { std::string service; int signal; };  ///< to its first process; nothing else changes
struct AskClient { OperationId operation; std::uint64_t question; std::string service; std::string port_name; Port port; bool strict; bool by_devinit; };
struct Tell { OperationId operation; std::string level; std::string service; std::string text; };  ///< operation 0: every client
struct TellMoved { OperationId operation; std::string service; std::string port_name; Port wanted; Port port; std::string reason; };
struct Changed { std::string service; };  ///< its snapshot differs
struct Finished { OperationId operation; Outcome outcome; bool keep_open = false; };
using Effect = std::variant<ClaimPort, WriteFiles, ServiceEffect, SignalService, AskClient, Tell, TellMoved, Changed, Finished>;

/// The brain of one project: all services, all operations of all clients. `step` takes one event and the time and says what must be
/// done; nothing in here reads a clock, a file or a socket. ServiceMachine decides for one service; this class orders them.
class Engine {
 public:
  explicit Engine(std::uint32_t seed) : seed_(seed) {}

  [[nodiscard]] std::vector<Effect> step(const Event& event, TimePoint now);
  /// When a `Tick` is due, if nothing else happens before.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  /// No service runs or is about to, and no operation is under way: the program may end.
  [[nodiscard]] bool idle() const;
  /// In configuration order; `since`, `timeline`, `status` and `next_run` are left to the caller, who knows the wall clock and the service.
  [[nodiscard]] std::vector<ServiceSnapshot> snapshots() const;
  [[nodiscard]] ServiceSnapshot snapshot(const std::string& service) const;
  [[nodiscard]] TimePoint since(const std::string& service) const;
  /// When the steps of its last start happened; TimePoint{}: not yet, or not in this start. The caller turns it into a Timeline.
  struct Times { TimePoint wanted{}, waiting{}, spawned{}, ready{}; };
  [[nodiscard]] Times times(const std::string& service) const;
  [[nodiscard]] const config::ServiceConfig* config_of(const std::string& service) const;
  /// The port that a service has, will have or would have.
  [[nodiscard]] std::optional<Port> port_of(const std::string& service, const std::string& port_name) const;
  /// Every known port, in configuration order.
  [[nodiscard]] std::vector<KnownPort> ports() const;

 private:
  struct Service {
    ServicePlan plan;
    ServiceMachine machine;
    std::vector<KnownPort> ports;
    std::set<OperationId> holders;  ///< kDurableHold, or the `up` operations that started it
    bool wanted = false;
    bool stale = false;
    std::optional<int> pid;
    std::vector<KnownPort> spawned_with; ///< all ports as they were when it was spawned
    bool removed = false;                ///< no longer in the configuration; forgotten once stopped
  };

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

  // planning.cpp
  void resolve_targets(Operation& operation, TimePoint now);
  void begin_planning(Operation& operation, TimePoint now);
  void advance_plan(Operation& operation, TimePoint now);
  void release_foreseen(const Operation& operation);
  void foresee_ports(const Operation& operation);

  // operations.cpp: the other phases of a start, restart, up or stop
  void begin(Operation& operation, TimePoint now);
  void release_kept(const Operation& operation);
  void give_up(Operation& operation, const Error& error, TimePoint now);
  void stop_started(Operation& operation, TimePoint now);
  void settle(TimePoint now);
  bool settle_once(TimePoint now);
  bool settle_dependencies(TimePoint now);
  bool settle_stops(Operation& operation, TimePoint now);
  bool settle_waiting(Operation& operation, TimePoint now);
  void finish(Operation& operation, Outcome outcome);
  [[nodiscard]] Outcome outcome_of(const Operation& operation) const;
  [[nodiscard]] bool may_begin(const Operation& operation) const;

  // engine.cpp
  void adopt_configuration(const StartRequest& request);
  [[nodiscard]] std::vector<std::string> with_dependencies(const std::vector<std::string>& targets) const;
  void send(const std::string& service, ServiceMachine::Event event, TimePoint now);
  void release_all(const std::string& service);
  void release_hold(const std::string& service, OperationId holder, std::vector<std::string>& unheld);
  void find_stale(TimePoint now);
  [[nodiscard]] std::optional<std::string> outdated_port(const Service& service) const;
  Service* find(const std::string& name);
  [[nodiscard]] const Service* find(const std::string& name) const;
  Operation* find_operation(OperationId id);
  void forget_removed();

  std::uint32_t seed_;
  std::vector<std::string> order_;
  std::map<std::string, Service> services_;
  std::vector<std::unique_ptr<Operation>> operations_;  ///< in the order of arrival
  std::uint64_t last_question_ = 0;
  std::vector<Effect> effects_;  ///< of the step under way
};

}  // namespace devinit::engine
