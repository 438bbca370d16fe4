#include <algorithm>

#include "os/children.hpp"
#include "os/files.hpp"
#include "ports/holder.hpp"
#include "supervisor/supervisor.hpp"

namespace devinit::supervisor {
namespace {

using Kind = engine::ServiceMachine::EventKind;

}  // namespace

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
  if (level != "log") send_to(0, api::Notice{level, service, text});
}

void Supervisor::on_said(const std::string& service) {
  state_.touch();
  changed_.insert(service);
  if (!running_events_) tell_changes();
}

void Supervisor::carry_out(const engine::ClaimPort& effect) {
  const auto outcome = runner_.ports().claim(effect.service, effect.port_name, effect.first, effect.last, effect.tries,
                                    effect.avoid ? *effect.avoid : PortSet());
  post(engine::Claimed{effect.operation, effect.wish, outcome});
}

void Supervisor::carry_out(const engine::WriteFiles& effect) {
  const auto pending = pending_.find(effect.operation);
  const auto context = pending != pending_.end() ? pending->second : effect.operation == 0 ? runner_.current() : nullptr;
  if (!context) {
    if (effect.operation != 0) post(engine::FilesWritten{effect.operation, Error(Errc::failed, "the plan of this command is lost")});
    return;
  }
  const auto lookup = runner_.port_lookup(*context);
  runner_.forget_variables();
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
  std::vector<std::string> starting;
  for (const auto& service : engine_.snapshots()) {
    if (service.state == engine::State::claiming) starting.push_back(service.name);
  }
  runner_.adopt(context, starting);
  pending_.erase(effect.operation);
  write_leases(*context, effect.operation);
  post(engine::FilesWritten{effect.operation, {}});
}

void Supervisor::carry_out(const engine::AskClient& effect) {
  send_to(effect.operation, api::Busy{effect.question, effect.service, effect.port_name, effect.port, effect.strict, effect.by_devinit});
}

void Supervisor::carry_out(const engine::Tell& effect) {
  if (effect.level == "progress") return send_to(effect.operation, api::Notice{effect.level, effect.service, runner_.blockers_of(effect.service)});
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
  const auto state = engine_.snapshot(effect.service).state;
  if (state == engine::State::stopped) runner_.forget(effect.service);
}

}  // namespace devinit::supervisor
