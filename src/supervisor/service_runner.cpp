#include "supervisor/service_runner.hpp"

#include <algorithm>

#include "os/children.hpp"
#include "os/files.hpp"
#include "ports/holder.hpp"

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

ServiceRunner::ServiceRunner(boost::asio::io_context& loop, const project::Project& project, const GuardianSetup& guardian,
                             const engine::Engine& engine, ProjectWriter& writer, Host& host)
    : loop_(loop),
      project_(project),
      guardian_(guardian),
      engine_(engine),
      writer_(writer),
      host_(host),
      lost_(loop, *this),
      readiness_(loop, *this),
      companions_(loop, project.root(), project.paths.data, lost_, *this) {}

void ServiceRunner::service_event(const std::string& service, Kind kind, std::string text, engine::FailureCode code) {
  engine::ServiceMachine::Event event{kind, std::move(text)};
  event.code = code;
  host_.post(engine::ServiceEvent{service, std::move(event)});
}

void ServiceRunner::adopt(StartContextPtr context, const std::vector<std::string>& starting) {
  current_ = std::move(context);
  for (const auto& service : starting) {
    memory_[service].context = current_;
    memory_[service].log_start = os::file_size(log_file(*current_, service)).value_or(0);
  }
}

void ServiceRunner::carry_out(const engine::ServiceEffect& effect) {
  using Effect = engine::ServiceMachine::Effect;
  const auto running = running_.find(effect.service);
  switch (effect.effect) {
    case Effect::reclaim:
      return reclaim(effect.service);
    case Effect::spawn:
      return spawn(effect.service);
    case Effect::stop_tree:
      return stop(effect.service);
    case Effect::abandon:  // the guardian hangs: what it guards becomes ours, and is ended
      if (running != running_.end()) {
        host_.tell("warning", effect.service, "its guardian does not answer: ending it and all that it guards");
        companions_.limits.kill(effect.service);
        os::kill_all({running->second.process->guardian()});
      }
      return;
    case Effect::kill_tree:
      companions_.hooks.kill(effect.service);
      if (running != running_.end()) running->second.process->kill();
      return;
    case Effect::close_fence:
      (void)ports_.close(effect.service);  // a port lost now is found by the next reclaim
      return;
    case Effect::release:
      if (!running_.contains(effect.service)) {  // what others run is asked no more
        if (auto reason = readiness_.reason(effect.service); !reason.empty()) memory_[effect.service].obstacle = std::move(reason);
        readiness_.forget(effect.service);
        companions_.liveness.forget(effect.service);
      }
      ports_.release(effect.service);
      return;
    case Effect::schedule:
      return companions_.schedule.await(effect.service, *engine_.config_of(effect.service)->schedule);
    case Effect::renew:
      return renew(effect.service);
  }
}

/// What a plan would avoid as well: ports of all services, running or not, what others own, what the configuration denies.
PortSet ServiceRunner::avoided_by(const std::string& service) const {
  const auto context = context_of(service);
  PortSet avoid = context ? ports_to_avoid(*context) : PortSet();
  for (const auto& known : engine_.ports()) avoid.insert(known.port);
  if (!context) return avoid;
  for (const auto& [key, choice] : context->choices) {
    if (choice.port) avoid.insert(*choice.port);
  }
  return avoid;
}

/// Between two runs: are the ports still ours? A port that a stranger took is replaced by the next free one.
void ServiceRunner::reclaim(const std::string& service) {
  const auto* config = engine_.config_of(service);
  auto lost = ports_.close(service);
  for (const auto& known : engine_.ports()) {  // released when it failed, and wanted again because a file has changed
    if (known.service != service || ports_.holds(service, known.port_name)) continue;
    const auto again = ports_.claim(service, known.port_name, known.port, known.port, 1, {});
    if (again.verdict != engine::ClaimOutcome::Verdict::claimed) lost.emplace_back(known.port_name, known.port);
  }
  const auto main_port = engine_.port_of(service, "");
  if (std::exchange(memory_[service].unusable, false) && main_port && lost.empty()) lost.emplace_back("", *main_port);
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
    host_.post(engine::PortChanged{service, name, outcome.port, taken, "fallback"});
  }
  service_event(service, Kind::claimed);
}

/// Its settings were edited while it runs: what goes by them from outside begins anew, its processes run on.
void ServiceRunner::renew(const std::string& service) {
  const auto* config = engine_.config_of(service);
  const auto state = state_of(service);
  if (config == nullptr) return;
  forget(service);
  if (config->watch) companions_.watcher.watch(service, *config->watch);
  if (config->schedule && state == engine::State::scheduled) companions_.schedule.await(service, *config->schedule);
  companions_.liveness.forget(service);
  const bool external = config->kind == config::ServiceKind::external;
  if (state == engine::State::starting && !config->runs_to_end() && (external || running_.contains(service))) watch_readiness(service);
  if (state != engine::State::ready) return;
  if (!engine_.snapshot(service).healthy) service_event(service, Kind::healthy);  // the new probe has no opinion yet
  watch_liveness(service);
}

void ServiceRunner::forget(const std::string& service) {
  companions_.forget(service);
  held_changes_.erase(service);
  brake_.forget(service);
}

void ServiceRunner::carry_out(const engine::SignalService& effect) {
  const auto running = running_.find(effect.service);
  if (running != running_.end()) running->second.process->signal(effect.signal);
}

/// What the service was started with, or would be.
StartContextPtr ServiceRunner::context_of(const std::string& service) const {
  const auto known = memory_.find(service);
  return known == memory_.end() || !known->second.context ? current_ : known->second.context;
}

config::PortLookup ServiceRunner::port_lookup(const StartContext& context) const {
  return [this, &context](const std::string& service, const std::string& port_name) -> std::optional<Port> {
    if (const auto port = engine_.port_of(service, port_name)) return port;
    if (!port_name.empty()) return std::nullopt;
    for (const auto& [key, port] : context.passive) {
      if (key == service) return port;
    }
    return std::nullopt;
  };
}

std::uint64_t ServiceRunner::log_start(const std::string& service) const {
  const auto known = memory_.find(service);
  return known == memory_.end() ? 0 : known->second.log_start;
}

void ServiceRunner::complete(engine::ServiceSnapshot& service) const {
  if (const auto known = memory_.find(service.name); known != memory_.end()) service.exit_code = known->second.exit_code;
  if (const auto said = companions_.status.find(service.name); said != companions_.status.end()) service.status = said->second;
  service.detail = explained(service.name, std::move(service.detail));
  service.next_run = companions_.schedule.next_run(service.name);
  const auto* config = engine_.config_of(service.name);
  if (config == nullptr || config->kind != config::ServiceKind::external) return;
  service.external = true;
  if (service.state == engine::State::starting && service.detail.empty()) service.detail = readiness_.reason(service.name);
  if (!config->port || !config->port->prefer) return;
  service.port = config->port->prefer;
  service.port_source = config::describe(config::PortSource::config);
  service.url = config::service_url(*service.port, config->port->host);
}

/// The deadline is the machine's, which knows nothing of probes.
std::string ServiceRunner::explained(const std::string& service, std::string text) const {
  const auto* config = engine_.config_of(service);
  const auto known = memory_.find(service);
  if (config == nullptr || known == memory_.end() || known->second.obstacle.empty()) return text;
  const auto deadline = "not ready within " + format_duration(config->ready.deadline);
  if (text.starts_with(deadline)) text.insert(deadline.size(), ": " + known->second.obstacle);
  return text;
}

void ServiceRunner::complete(api::RecordedService& service) const {
  service.log_file = project_.paths.logs + "/" + service.snapshot.name + ".log";
  const auto running = running_.find(service.snapshot.name);
  if (running == running_.end() || !running->second.process) return;
  const auto& guardian = running->second.process->guardian();
  service.guardian = api::RecordedProcess{guardian.pid, guardian.start_ticks};
  if (const auto& leader = running->second.process->leader()) service.leader = api::RecordedProcess{leader->pid, leader->start_ticks};
}

}  // namespace devinit::supervisor
