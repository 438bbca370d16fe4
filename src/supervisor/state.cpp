#include <chrono>

#include "os/files.hpp"
#include "os/self.hpp"
#include "supervisor/supervisor.hpp"

namespace devinit::supervisor {

engine::ServiceSnapshot Supervisor::snapshot(const std::string& service) const {
  auto result = engine_.snapshot(service);
  if (const auto ended = exit_codes_.find(service); ended != exit_codes_.end()) result.exit_code = ended->second;
  const auto since = engine_.since(service);
  if (since != TimePoint{}) {
    const auto ago = std::chrono::steady_clock::now() - since;
    const auto wall = std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago);
    result.since = std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count();
  }
  return result;
}

engine::ProjectSnapshot Supervisor::project_snapshot() const {
  engine::ProjectSnapshot result;
  result.project = current_ ? current_->config.name : setup_.project.folder_name();
  result.root = setup_.project.root();
  result.supervisor_running = true;
  result.supervisor_pid = os::own_pid();
  for (const auto& service : engine_.snapshots()) result.services.push_back(snapshot(service.name));
  return result;
}

api::StateFile Supervisor::compose_state() const {
  api::StateFile state;
  state.boot_id = os::boot_id();
  if (const auto id = os::file_id(setup_.project.root())) {
    state.root_device = id->device;
    state.root_inode = id->inode;
  }
  if (const auto self = os::identify(os::own_pid())) state.supervisor = {self->pid, self->start_ticks};
  state.socket = setup_.socket_path;
  state.cookie = setup_.guardian.cookie;
  state.project = project_snapshot();
  for (auto& service : state.project.services) {
    api::RecordedService recorded;
    recorded.snapshot = std::move(service);
    const auto running = running_.find(recorded.snapshot.name);
    if (running != running_.end() && running->second.process) {
      const auto& guardian = running->second.process->guardian();
      recorded.guardian = api::RecordedProcess{guardian.pid, guardian.start_ticks};
      const auto& leader = running->second.process->leader();
      if (leader) recorded.leader = api::RecordedProcess{leader->pid, leader->start_ticks};
    }
    recorded.log_file = setup_.project.paths.logs + "/" + recorded.snapshot.name + ".log";
    state.services.push_back(std::move(recorded));
  }
  state.project.services.clear();
  return state;
}

config::PortLookup Supervisor::port_lookup(const StartContext& context) const {
  return [this, &context](const std::string& service, const std::string& port_name) -> std::optional<Port> {
    if (const auto port = engine_.port_of(service, port_name)) return port;
    if (!port_name.empty()) return std::nullopt;
    for (const auto& [key, port] : context.passive) {
      if (key == service) return port;
    }
    return std::nullopt;
  };
}

}  // namespace devinit::supervisor
