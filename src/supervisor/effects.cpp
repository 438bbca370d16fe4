#include <algorithm>

#include "os/children.hpp"
#include "os/files.hpp"
#include "os/shared_input.hpp"
#include "ports/holder.hpp"
#include "supervisor/supervisor.hpp"

namespace devinit::supervisor {
namespace {

using Kind = engine::ServiceMachine::EventKind;

/// The main port for the empty name; nothing for a port that is no longer configured.
const config::PortSpec* spec_of(const config::ServiceConfig& service, const std::string& port_name) {
  if (port_name.empty()) return service.port ? &*service.port : nullptr;
  for (const auto& [name, spec] : service.ports) {
    if (name == port_name) return &spec;
  }
  return nullptr;
}

}  // namespace

void Supervisor::service_event(const std::string& service, Kind kind, std::string text, engine::FailureCode code) {
  engine::ServiceMachine::Event event{kind, std::move(text)};
  event.code = code;
  post(engine::ServiceEvent{service, std::move(event)});
}

/// A service that went through several states in one turn is told once, as it is now: nobody can act on what is over.
void Supervisor::tell_changes() {
  for (const auto& service : std::exchange(changed_, {})) {
    if (!streams_.empty()) send_to(0, api::ServiceChanged{snapshot(service)});
  }
}

/// 0 is everybody who has an operation under way.
void Supervisor::send_to(engine::OperationId operation, const api::Event& event) {
  if (!changed_.empty()) tell_changes();  // in the order in which it happened
  for (const auto& [id, stream] : streams_) {
    if (operation == 0 || id == operation) stream->send(event);
  }
}

void Supervisor::tell(const std::string& level, const std::string& service, const std::string& text) {
  log_.info((service.empty() ? "" : service + ": ") + text);
  send_to(0, api::Notice{level, service, text});
}

void Supervisor::carry_out(const engine::ClaimPort& effect) {
  const auto outcome = ports_.claim(effect.service, effect.port_name, effect.first, effect.last, effect.tries,
                                    effect.avoid ? *effect.avoid : PortSet());
  post(engine::Claimed{effect.operation, effect.wish, outcome});
}

void Supervisor::carry_out(const engine::WriteFiles& effect) {
  const auto pending = pending_.find(effect.operation);
  const auto context = pending == pending_.end() && effect.operation == 0 ? current_ : pending == pending_.end() ? nullptr : pending->second;
  if (!context) {
    if (effect.operation != 0) post(engine::FilesWritten{effect.operation, Error(Errc::failed, "the plan of this command is lost")});
    return;
  }
  const auto lookup = port_lookup(*context);
  runtime_variables_.reset();
  const auto written = writer_.write(*context, engine_.ports(), lookup);
  if (effect.operation == 0) {
    if (!written) tell("warning", "", written.error().message);
    return write_leases(*context, 0);
  }
  if (!written) {
    post(engine::FilesWritten{effect.operation, written.error()});
    return;
  }
  for (const auto& warning : written->warnings) send_to(effect.operation, api::Notice{"warning", "", warning});
  const auto ignored = overridden_variables(*context, lookup);
  if (!ignored.empty()) {
    std::string names;
    for (const auto& name : ignored) names += (names.empty() ? "" : ", ") + name;
    send_to(effect.operation, api::Notice{"info", "", "your environment sets " + names + ": ignored, devinit sets it"});
  }
  current_ = context;
  for (const auto& snapshot : engine_.snapshots()) {
    if (snapshot.state != engine::State::claiming) continue;
    contexts_[snapshot.name] = context;
    log_starts_[snapshot.name] = os::file_size(log_file(*context, snapshot.name)).value_or(0);
  }
  pending_.erase(effect.operation);
  write_leases(*context, effect.operation);
  post(engine::FilesWritten{effect.operation, {}});
}

void Supervisor::carry_out(const engine::ServiceEffect& effect) {
  using Effect = engine::ServiceMachine::Effect;
  const auto running = running_.find(effect.service);
  switch (effect.effect) {
    case Effect::reclaim:
      return reclaim(effect.service);
    case Effect::spawn:
      return spawn(effect.service);
    case Effect::stop_tree:
      readiness_.forget(effect.service);
      if (running != running_.end()) {
        running->second.process->stop(engine_.config_of(effect.service)->stop);
      } else if (!lost_.contains(effect.service)) {
        service_event(effect.service, Kind::tree_empty, "it was not running");
      }
      return;
    case Effect::abandon:  // the guardian hangs: what it guards becomes ours, and is ended
      if (running != running_.end()) {
        tell("warning", effect.service, "its guardian does not answer: ending it and all that it guards");
        os::kill_all({running->second.process->guardian()});
      }
      return;
    case Effect::kill_tree:
      if (running != running_.end()) running->second.process->kill();
      return;
    case Effect::close_fence:
      (void)ports_.close(effect.service);  // a port lost now is found by the next reclaim
      return;
    case Effect::release:
      ports_.release(effect.service);
      return;
    case Effect::schedule:
      return;
  }
}

/// What a plan would avoid as well: ports of all services, running or not, what others own, what the configuration denies.
PortSet Supervisor::avoided_by(const std::string& service) const {
  const auto at = contexts_.find(service);
  const auto& context = at == contexts_.end() ? current_ : at->second;
  PortSet avoid = context ? ports_to_avoid(*context) : PortSet();
  for (const auto& known : engine_.ports()) avoid.insert(known.port);
  if (!context) return avoid;
  for (const auto& [key, choice] : context->choices) {
    if (choice.port) avoid.insert(*choice.port);
  }
  return avoid;
}

/// Between two runs: are the ports still ours? A port that a stranger took is replaced by the next free one.
void Supervisor::reclaim(const std::string& service) {
  const auto* config = engine_.config_of(service);
  auto lost = ports_.close(service);
  const auto main_port = engine_.port_of(service, "");
  if (unusable_.erase(service) > 0 && main_port && lost.empty()) lost.emplace_back("", *main_port);
  for (const auto& [name, port] : lost) {
    const auto holders = ports::holders_of(port);
    const std::string who = holders.empty() ? "another process" : ports::describe(holders.front());
    const std::string taken = "port " + std::to_string(port) + " was taken by " + who;
    const config::PortSpec* spec = spec_of(*config, name);
    if (spec != nullptr && spec->strict) return service_event(service, Kind::claim_failed, taken + ", and its port is strict");
    ports_.release(service, name);
    constexpr int kTries = 99;
    const Port last = spec != nullptr && spec->range ? spec->range->last : 65535;
    const auto avoid = avoided_by(service);
    const auto outcome = ports_.claim(service, name, static_cast<Port>(std::min(port + 1, 65535)), last, kTries, avoid);
    if (outcome.verdict != engine::ClaimOutcome::Verdict::claimed) {
      return service_event(service, Kind::claim_failed, taken + ", and no other one is free");
    }
    post(engine::PortChanged{service, name, outcome.port, taken, "fallback"});
  }
  service_event(service, Kind::claimed);
}

void Supervisor::spawn(const std::string& service) {
  const auto context = contexts_.contains(service) ? contexts_[service] : current_;
  exit_codes_.erase(service);
  const auto* config = engine_.config_of(service);
  const auto lookup = port_lookup(*context);
  if (!runtime_variables_ || runtime_context_ != context) {
    auto variables = runtime_variables(*context, lookup);
    if (!variables) return service_event(service, Kind::spawn_failed, variables.error().message);
    runtime_variables_ = std::move(*variables);
    runtime_context_ = context;
  }
  auto request = service_request({*context, *config, lookup, *runtime_variables_, setup_.guardian});
  if (!request) return service_event(service, Kind::spawn_failed, request.error().message);
  os::UniqueFd input;
  if (config->input_of > 0) {
    auto opened = os::open_input_of(config->input_of);
    if (!opened) return service_event(service, Kind::spawn_failed, opened.error().message);
    input = std::move(*opened);
    request->fds.emplace_back(input.get(), 0);
  }
  Running running;
  running.fenced = !writer_.no_fence(*context, config::ports_key(service, ""));
  running.log_start = os::file_size(log_file(*context, service)).value_or(0);
  ports_.open(service, running.fenced);
  auto process = ServiceProcess::launch(loop_, std::move(*request),
                                        [this, service](const std::optional<guardian::Report>& report) { on_report(service, report); });
  if (!process) {
    (void)ports_.close(service);
    return service_event(service, Kind::spawn_failed, process.error().message);
  }
  const pid_t guardian = (*process)->guardian().pid;
  running.process = std::move(*process);
  running_.insert_or_assign(service, std::move(running));
  auto ready = config->ready;
  const auto port = engine_.port_of(service, "");
  if (!port) ready.kind = config::ProbeKind::none;
  std::vector<Port> named;
  for (const auto& known : engine_.ports()) {
    if (known.service == service && !known.port_name.empty()) named.push_back(known.port);
  }
  readiness_.watch({service, port.value_or(0), std::move(named), guardian, std::move(ready), config->port ? config->port->host : std::string()});
}

void Supervisor::carry_out(const engine::SignalService& effect) {
  const auto running = running_.find(effect.service);
  if (running != running_.end()) running->second.process->signal(effect.signal);
}

void Supervisor::carry_out(const engine::AskClient& effect) {
  send_to(effect.operation, api::Busy{effect.question, effect.service, effect.port_name, effect.port, effect.strict, effect.by_devinit});
}

void Supervisor::carry_out(const engine::Tell& effect) {
  log_.info((effect.service.empty() ? "" : effect.service + ": ") + effect.text);
  send_to(effect.operation, api::Notice{effect.level, effect.service, effect.text});
}

void Supervisor::carry_out(const engine::TellMoved& effect) {
  log_.info(effect.service + ": port " + std::to_string(effect.wanted) + " → " + std::to_string(effect.port) + " (" + effect.reason + ")");
  send_to(effect.operation, api::PortMoved{effect.service, effect.port_name, effect.wanted, effect.port, effect.reason});
}

void Supervisor::carry_out(const engine::Changed& effect) {
  state_.touch();
  changed_.insert(effect.service);
}

}  // namespace devinit::supervisor
