#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/operation.hpp"
#include "engine/service_machine.hpp"

namespace devinit::engine {

/// All ports as they were at one moment; shared by the services that were spawned then.
using PortsThen = std::shared_ptr<const std::vector<KnownPort>>;

/// Which conditions of its dependents a service fulfils.
struct Conditions {
  bool started = false;
  bool ready = false;
  bool completed = false;
  bool succeeded = false;
  [[nodiscard]] bool meet(config::DependencyCondition condition) const noexcept;
  [[nodiscard]] bool any() const noexcept { return started || ready || completed || succeeded; }
  void add(const Conditions& other) noexcept;
  void remove(const Conditions& other) noexcept;
  bool operator==(const Conditions&) const = default;
};

/// What dependents have lost; `for_good`: not to a restart by plan that is still under way.
struct Loss { Conditions any, for_good; };

/// When the steps of the last start of a service happened; TimePoint{}: not yet, or not in this start.
struct StartTimes { TimePoint wanted{}, waiting{}, spawned{}, ready{}; };

/// All that the engine knows of one service.
struct ServiceEntry {
  /// The other end of a dependency; there as long as this entry is.
  struct Link { ServiceEntry* service; config::DependencyCondition condition; };

  ServiceEntry(const ServicePlan& wanted_plan, std::uint32_t jitter_seed);
  void take_over(const ServicePlan& new_plan);
  /// Other ports than it was planned with. A preferred port that it has is no other one, wherever that is written now.
  [[nodiscard]] bool wants_other_ports(const ServicePlan& new_plan) const;
  /// Its socket is passed on from run to run, and can be to one with this plan.
  [[nodiscard]] bool passes_socket_to(const ServicePlan& new_plan) const;

  [[nodiscard]] const std::string& name() const noexcept { return plan.config.name; }
  [[nodiscard]] State state() const noexcept { return machine.state(); }
  [[nodiscard]] bool down() const noexcept { return is_down(machine.state()); }
  [[nodiscard]] bool is(config::ServiceKind kind) const noexcept { return plan.config.kind == kind; }
  /// A tree of it does what it is there for, or is about to.
  [[nodiscard]] bool works() const noexcept;
  /// Nothing keeps the program alive for it: it is down, or run by others.
  [[nodiscard]] bool quiet() const noexcept { return down() || is(config::ServiceKind::external); }
  [[nodiscard]] Conditions conditions() const noexcept;
  /// Who wanted it up has got what he wanted.
  [[nodiscard]] bool content() const noexcept;
  /// What is told of it as a dependency that is not to be had: "failed", "was stopped", …
  [[nodiscard]] const char* fate() const noexcept;
  /// After its machine took an event.
  void note(State before, MachineEventKind event, TimePoint now);

  ServicePlan plan;
  std::string fingerprint;              ///< of plan.config
  ServiceMachine machine;
  std::vector<KnownPort> ports;
  std::set<OperationId> holders;        ///< kDurableHold, or the `up` operations that started it
  bool wanted = false;
  bool stale = false;
  bool removed = false;                 ///< no longer in the configuration; forgotten once stopped
  std::optional<int> pid;
  PortsThen spawned_with;
  StartTimes times;
  bool ended_once = false;              ///< task: came to its end, however, since it was last planned
  bool completed_once = false;          ///< task: came to a good end since it was last planned
  std::optional<TimePoint> armed;       ///< its deadline, as the engine's index has it

  // the graph
  std::size_t rank = 0;                 ///< in configuration order
  std::vector<Link> needs;              ///< those that are known and ours to wait for
  std::vector<Link> dependents;
  Conditions lost;                      ///< what dependents have not been told yet
  Conditions suspended;                 ///< lost to a restart by plan, and not back yet: a loss only if nothing comes of that
  bool restart_due = false;             ///< a dependency was lost: it restarts when that is back
  bool considered = false;              ///< within one round of settling
};

}  // namespace devinit::engine
