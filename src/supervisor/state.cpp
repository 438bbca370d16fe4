#include <chrono>

#include "os/files.hpp"
#include "os/self.hpp"
#include "supervisor/supervisor.hpp"

namespace devinit::supervisor {

engine::ServiceSnapshot Supervisor::snapshot(const std::string& service) const {
  auto result = engine_.snapshot(service);
  runner_.complete(result);
  result.timeline = timeline(service);
  const auto since = engine_.since(service);
  if (since != TimePoint{}) {
    const auto ago = std::chrono::steady_clock::now() - since;
    const auto wall = std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago);
    result.since = std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count();
  }
  return result;
}

engine::Timeline Supervisor::timeline(const std::string& service) const {
  const auto steady = std::chrono::steady_clock::now();
  const auto wall = std::chrono::system_clock::now();
  const auto when = [&](TimePoint point) -> std::int64_t {
    if (point == TimePoint{}) return 0;
    const auto then = wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(steady - point);
    return std::chrono::duration_cast<Millis>(then.time_since_epoch()).count();
  };
  const auto times = engine_.times(service);
  return {when(times.wanted), when(times.waiting), when(times.spawned), when(times.ready)};
}

engine::ProjectSnapshot Supervisor::project_snapshot() const {
  engine::ProjectSnapshot result;
  result.project = runner_.current() ? runner_.current()->config.name : setup_.project.folder_name();
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
    runner_.complete(recorded);
    state.services.push_back(std::move(recorded));
  }
  state.project.services.clear();
  return state;
}

}  // namespace devinit::supervisor
