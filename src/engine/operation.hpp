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

/// reload: what runs with another configuration than the request's is restarted, what is no longer in it stops, what is new starts if all the
/// others run.
enum class OperationKind { start, restart, up, stop, reload };

struct StartRequest {
  OperationId operation = 0;
  OperationKind kind = OperationKind::start;
  std::vector<ServicePlan> services;   ///< the whole configuration, in its order
  std::vector<std::string> targets;    ///< known names; with `all` every service
  bool all = false;
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
  OperationId id = 0;
  OperationKind kind = OperationKind::start;
  Phase phase = Phase::queued;
  StartRequest request;                ///< not for stop
  std::vector<std::string> targets;    ///< resolved, dependencies included
  std::set<std::string> started;       ///< brought up by this operation
  std::set<std::string> told;             ///< targets that have been told to stop, or were down already
  std::size_t known_down = 0;             ///< so many targets from the front were seen down: spares a look at all of them for each end
  std::set<std::string> restarted_stale;  ///< restarted once because a port of another service changed
  std::optional<PortPlanner> planner;
  std::optional<std::uint64_t> question;
  std::size_t asked_wish = 0;
  bool client = true;                  ///< somebody listens for the answers
  bool interrupted = false;
  bool forced = false;                 ///< the second Ctrl-C: no grace
  std::optional<Error> error;

  [[nodiscard]] bool has_target(const std::string& service) const {
    for (const auto& target : targets) {
      if (target == service) return true;
    }
    return false;
  }
};

}  // namespace devinit::engine
