#include "cli/run_observer.hpp"

#include "cli/supervisor_link.hpp"
#include "os/network_interfaces.hpp"

namespace devinit::cli {
namespace {

std::string using_port(Port port) { return "; using " + std::to_string(port); }

/// "5050 was busy: held by process 12 (…); using 5051", from the resolver's "port 5050 is held by process 12 (…)".
std::string moved_text(const api::PortMoved& moved) {
  const auto known = "port " + std::to_string(moved.wanted) + " is ";
  std::string text = std::to_string(moved.wanted) + " was busy";
  if (!moved.reason.empty())
    text += ": " + (moved.reason.starts_with(known) ? moved.reason.substr(known.size()) : moved.reason);
  return text + using_port(moved.port);
}

}  // namespace

void RunObserver::on(const api::Event& event) {
  if (const auto* changed = std::get_if<api::ServiceChanged>(&event)) on_service(changed->service);
  if (const auto* moved = std::get_if<api::PortMoved>(&event)) on_moved(*moved);
  if (const auto* notice = std::get_if<api::Notice>(&event)) talk_.notice(notice->level, notice->text);
  if (const auto* busy = std::get_if<api::Busy>(&event)) met_devinit_ = busy->by_devinit;
  if (const auto* done = std::get_if<api::Done>(&event)) {
    for (const auto& service : done->project.services) {
      if (service.exit_code) exit_code_ = service.exit_code;
    }
  }
}

void RunObserver::on_service(const engine::ServiceSnapshot& service) {
  using engine::State;
  const bool begins = service.state == State::waiting || service.state == State::starting || service.state == State::ready;
  if (!service.port || !begins) return;
  if (!shown_) show_start(*service.port);
  if (service.ready && !ready_) talk_.ready(banner(*service.port), service.detail);
  ready_ = ready_ || service.ready;
}

void RunObserver::show_start(Port port) {
  shown_ = true;
  if (!history_.empty() && history_.find("; using ") == std::string::npos) history_ += using_port(port);
  talk_.started(banner(port));
  take_lease(port);
}

void RunObserver::on_moved(const api::PortMoved& moved) {
  if (!shown_) {
    history_ += (history_.empty() ? "" : "; ") + moved_text(moved);
    return;
  }
  history_ = "port " + std::to_string(moved.wanted) + " changed to " + std::to_string(moved.port) + " (" + moved.reason + ")";
  talk_.moved(banner(moved.port));
  take_lease(moved.port);
}

void RunObserver::take_lease(Port port) {
  const bool named = port == settings_.port && (settings_.port_named || !settings_.auto_find);
  if (const auto supervisor = find_supervisor(project_)) lease_.take(port, named, supervisor->process);
}

RunBanner RunObserver::banner(Port port) const {
  return {project_.run, port, history_, settings_, os::network_addresses(), lease_.shown()};
}

}  // namespace devinit::cli
