// Leases: what a plan, or a port that changed later, means for the registry; and the end of a command, which waits for it.
#include "os/self.hpp"
#include "supervisor/lease_order.hpp"
#include "supervisor/log_excerpt.hpp"
#include "supervisor/supervisor.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::size_t kTailLines = 20;
constexpr int kTries = 99;

}  // namespace

LeaseKeeper::Observer Supervisor::lease_observer() {
  return {[this](const std::string& level, const std::string& text) { tell(level, "", text); },
          [this](Port port, const std::string& owner) { on_lease_refused(port, owner); },
          [this](const engine::Finished& finished) { deliver(finished); }, [this] { end_if_idle(); }};
}

void Supervisor::write_leases(const StartContext& context, engine::OperationId operation) {
  const auto own = os::identify(os::own_pid());
  if (context.registry.location.empty() || !own) return;
  leases_.write(lease_order(context, engine_.ports(), *own), operation);
}

/// Another owner was faster with `port`. What runs goes on with it; a service that does not run gets another one, so that the files name no port of
/// somebody else's.
void Supervisor::on_lease_refused(Port port, const std::string& owner) {
  for (const auto& known : engine_.ports()) {
    const bool foreseen = known.port == port && !known.held && engine::is_down(engine_.snapshot(known.service).state);
    if (foreseen && foresee_another(known, owner)) return;
  }
  tell("warning", "", "port " + std::to_string(port) + " belongs to " + owner + ": it keeps the lease");
}

/// Upward only: what is refused as well leads further, and the search ends.
bool Supervisor::foresee_another(const engine::KnownPort& known, const std::string& owner) {
  const auto role = config::ports_key(known.service, known.port_name);
  if (!runner_.current() || !runner_.current()->choices.contains(role)) return false;
  const Port last = fallback_range(*runner_.current(), role).last;
  if (runner_.current()->choices.at(role).strict || known.port >= last) return false;
  const auto next = static_cast<Port>(known.port + 1);
  const auto outcome = runner_.ports().claim(known.service, known.port_name, next, last, kTries, runner_.avoided_by(known.service));
  if (outcome.verdict != engine::ClaimOutcome::Verdict::claimed) return false;
  runner_.ports().release(known.service, known.port_name);
  post(engine::PortChanged{known.service, known.port_name, outcome.port, "it belongs to " + owner, "fallback", false});
  return true;
}

/// True when the registry needs nothing more from this run.
bool Supervisor::leases_ended() {
  const auto own = os::identify(os::own_pid());
  const bool worth_it = runner_.current() && !runner_.current()->registry.location.empty() && (runner_.current()->registry.ephemeral || leases_.outdated());
  return leases_.end(worth_it && own ? end_order(*runner_.current(), *own) : LeaseOrder());
}

void Supervisor::carry_out(const engine::Finished& effect) {
  runner_.warn_of_listeners_left();
  tell_changes();
  state_.flush();
  pending_.erase(effect.operation);
  leases_.finish(effect);
}

void Supervisor::deliver(const engine::Finished& effect) {
  const auto at = streams_.find(effect.operation);
  if (at == streams_.end()) return;
  api::Done done;
  done.ok = effect.outcome.ok;
  done.interrupted = effect.outcome.interrupted;
  if (effect.outcome.error) {
    done.error = effect.outcome.error->message;
    done.hint = effect.outcome.error->hint;
    done.config_error = exit_code_of(effect.outcome.error->code) == 2;
    done.code = effect.outcome.error->code;
  }
  for (const auto& failure : effect.outcome.failures) {
    const auto path = setup_.project.paths.logs + "/" + failure.service + ".log";
    done.failures.push_back({failure.service, runner_.explained(failure.service, failure.reason), tail_of_run(path, runner_.log_start(failure.service), kTailLines), failure.code});
  }
  done.project = project_snapshot();
  at->second->send(done);
  if (!effect.keep_open) at->second->finish();
}

}  // namespace devinit::supervisor
