#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "base/result.hpp"
#include "config/project_config.hpp"
#include "engine/port_planner.hpp"
#include "engine/snapshot.hpp"

namespace devinit::engine {

/// One command of one client. 0 is nobody.
using OperationId = std::uint64_t;
/// The holder of what `start` started: it lasts until `stop`.
inline constexpr OperationId kDurableHold = 0;
/// The operation that no client asked for.
inline constexpr OperationId kNobody = 0;

/// A service as one start request wants it.
struct ServicePlan {
  config::ServiceConfig config;
  std::vector<PortWish> ports;
};

/// A port of a service, held or merely foreseen.
struct KnownPort {
  std::string service;
  std::string port_name;
  Port port = 0;
  std::string source;
  bool held = false;
};

/// reload: what its processes would notice of another configuration restarts a service, the rest of it is taken over while it runs; what is
/// no longer in it or disabled now stops, what is new starts if all the others are wanted. Ports are kept unless another one is wanted.
/// `targets` are of no meaning.
enum class OperationKind { start, restart, up, stop, reload };

struct StartRequest {
  OperationId operation = 0;
  OperationKind kind = OperationKind::start;
  std::vector<ServicePlan> services;   ///< the whole configuration, in its order
  std::vector<std::string> targets;    ///< known names; what is disabled starts only by its own name
  bool all = false;                    ///< every service but the external and disabled ones
  PortsToAvoid avoid;                  ///< never a fallback: passive keys, external services, the deny list, what others lease
};

struct StopRequest {
  OperationId operation = 0;
  std::vector<std::string> targets;
  bool all = false;
  std::optional<Millis> timeout;  ///< from now on; then what is left is killed without grace
};

/// How an operation ended.
struct Outcome {
  bool ok = false;
  bool interrupted = false;
  std::optional<Error> error;
  struct Failure { std::string service; std::string reason; FailureCode code = FailureCode::other; };
  std::vector<Failure> failures;
};

/// An operation under way.
struct Operation {
  /// queued: another one is planning, or a target is still stopping. down: a restart waits for its targets to be empty. holding: an
  /// `up` that is complete and lasts as long as its connection.
  enum class Phase { queued, down, planning, writing, waiting, holding, stopping, finished };
  OperationId id = 0;                     ///< kNobody: a cascade, which has no plan and no client
  OperationKind kind = OperationKind::start;
  Phase phase = Phase::queued;
  StartRequest request;                   ///< not for stop; its services only until they are planned
  std::vector<std::string> targets;       ///< resolved, dependencies included
  std::set<std::string> target_set;       ///< the same
  std::set<std::string> named;            ///< asked for by name
  std::set<std::string> started;          ///< brought up by this operation
  std::set<std::string> told;             ///< targets that have been told to stop, or were down already
  std::set<std::string> restarted_stale;  ///< restarted once because a port of another service changed
  std::set<std::string> replanned;        ///< restart, reload: targets that do not keep their ports
  std::set<std::string> leaving;          ///< reload: gone or disabled
  std::set<std::string> added;            ///< reload: new services that start
  std::set<std::string> followers;        ///< reload: will restart because of what it restarts
  std::vector<std::string> held;          ///< holding: what it lasts for
  std::vector<std::string> coming_up;     ///< reload: what is planned when the targets are down
  bool surveyed = false;                  ///< all targets have been looked at in this phase: from now on only news count
  std::size_t news_at = 0;                ///< the next one to look at
  std::size_t settled = 0;                ///< so many targets from the front were seen as they shall be
  std::optional<PortPlanner> planner;
  std::optional<std::uint64_t> question;
  std::size_t asked_wish = 0;
  std::optional<TimePoint> kill_at;       ///< stop: the end of all grace
  std::optional<TimePoint> progress_at;   ///< down, stopping: when to say next who blocks
  bool client = true;                     ///< somebody listens for the answers
  bool cancelled = false;                 ///< its client wants it to end: once more, and there is no more grace
  bool interrupted = false;
  std::optional<Error> error;

  [[nodiscard]] bool has_target(const std::string& service) const { return target_set.contains(service); }
  void aim_at(std::vector<std::string> names) {
    target_set = {names.begin(), names.end()};
    targets = std::move(names);
    surveyed = false;
    settled = 0;
  }
  /// One more to wait for.
  void add_target(const std::string& name) {
    if (target_set.insert(name).second) targets.push_back(name);
  }
  /// Its plan is under way: no other one may begin.
  [[nodiscard]] bool plans() const { return phase == Phase::down || phase == Phase::planning || phase == Phase::writing; }
};

}  // namespace devinit::engine
