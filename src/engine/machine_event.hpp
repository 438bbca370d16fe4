#pragma once

#include <optional>
#include <string>

#include "engine/snapshot.hpp"

namespace devinit::engine {

/// What a ServiceMachine is told. Which kinds of services know an event is said where it is not all of them.
enum class MachineEventKind {
  start,            ///< somebody wants it up (clears the failure count)
  claimed,          ///< its ports are ours and the files are written
  claim_failed,     ///< no port could be had; `text` says why
  deps_ready,       ///< everything it depends on is as far as it must be
  deps_failed,      ///< a dependency will not get that far; `text` names it
  spawned,          ///< its first process runs
  spawn_failed,     ///< it could not be executed; `text` says why. Trying again would not help
  became_ready,     ///< service: a listener on its port is proven to be its own. external: it answers
  leader_exited,    ///< the first process ended, descendants remain; `still_serving` if one of them listens on the port. With `clean_exit`
                    ///< while starting it may have made itself a daemon: a descendant has 5 s to listen
  tree_empty,       ///< nothing is left of it
  survivors,        ///< processes that the kernel does not let us end; `text` names them. Nobody watches them any more
  deadline,         ///< the machine's deadline has passed
  rejected,         ///< it came up in a way that the configuration forbids; `text` says how
  not_ready,        ///< service: so many answers in a row said no that this start has failed; `text` says what they were. external: news of
                    ///< why it is not ready. All but external, with FailureCode::hook_failed: nothing has been spawned, and will not be
  unhealthy,        ///< ready, and its liveness probe failed often enough; `text` says how
  healthy,          ///< the probe is content again
  exceeded,         ///< it takes more than its limit; `text` says of what. Its tree is being killed: tree_empty follows
  nothing_to_do,    ///< instead of `spawned`: a task that runs once has done so; `text` says when
  run,              ///< the time of a scheduled service has come, a watch wants its task to run, or what was down for others comes back
  lost_dependency,  ///< one that it depends on is lost and `on_dependency_loss` says stop; `text` becomes the detail
  stop,             ///< somebody wants it down
  restart,          ///< down and up again on the same ports; what has failed or completed runs again
  kill,             ///< no more grace
};

struct MachineEvent {
  MachineEventKind kind;
  std::string text = {};
  bool still_serving = false;             ///< leader_exited
  bool port_stolen = false;               ///< tree_empty: it ended because its port was in use
  bool clean_exit = false;                ///< leader_exited: exit code 0
  std::optional<int> exit_code = {};      ///< tree_empty: of its first process; 128 + N when signal N ended that
  FailureCode code = FailureCode::other;  ///< spawn_failed, rejected, not_ready
  bool afresh = false;                    ///< restart: because of an edit, so that earlier failures are history
};

/// What a ServiceMachine wants.
enum class MachineEffect {
  reclaim,      ///< make sure that its ports are ours, fences closed, also those that were released; answer with claimed or claim_failed
  spawn,        ///< open the fences and start it; answer with spawned, spawn_failed or nothing_to_do. external: probe it, again and again, until
                ///< `release`; answer with became_ready, not_ready, unhealthy, healthy
  stop_tree,    ///< the stop signal, later SIGKILL; tree_empty follows
  kill_tree,    ///< SIGKILL now
  abandon,      ///< the guardian hangs: end it, and what it guarded by other means; tree_empty or survivors follows
  close_fence,  ///< nothing of it runs: keep others off its ports until the next spawn
  release,      ///< its ports are not needed any more; nor its next time, nor its probe
  schedule,     ///< answer with run when its time has come
  renew,        ///< its settings were edited and it runs on: what watches it from outside (watch, liveness …) goes by the new ones from now on
};

}  // namespace devinit::engine
