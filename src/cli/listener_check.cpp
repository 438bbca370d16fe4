#include "cli/listener_check.hpp"

#include <algorithm>

#include "os/sockets.hpp"
#include "ports/holder.hpp"

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;
using engine::State;

std::vector<os::Listener> on_port(const std::vector<os::Listener>& all, Port port) {
  std::vector<os::Listener> found;
  std::ranges::copy_if(all, std::back_inserter(found), [port](const os::Listener& listener) { return listener.port == port; });
  return found;
}

void add_detail(ServiceSnapshot& service, const std::string& text) {
  if (!service.detail.empty()) service.detail += "\n";
  service.detail += text;
}

std::vector<pid_t> own_processes(const ServiceSnapshot& service, const api::StateFile* state) {
  if (state != nullptr) {
    const auto same_name = [&](const api::RecordedService& recorded) { return recorded.snapshot.name == service.name; };
    const auto recorded = std::ranges::find_if(state->services, same_name);
    if (recorded != state->services.end() && recorded->guardian) return os::process_tree(recorded->guardian->pid);
  }
  return service.pid ? os::process_tree(*service.pid) : std::vector<pid_t>();
}

void name_holders_of(ServiceSnapshot& service, Port port) {
  for (const auto& holder : ports::holders_of(port)) {
    if (holder.kind == ports::Holder::Kind::leftovers) continue;
    add_detail(service, "port " + std::to_string(port) + " is held by " + ports::describe(holder));
  }
}

/// A listener on [::1] beside ours on 127.0.0.1 gets the browser's first try at "localhost".
void warn_of_neighbours(ServiceSnapshot& service, const std::vector<os::Listener>& listeners, const api::StateFile* state) {
  std::vector<std::uint64_t> inodes;
  for (const auto& listener : listeners) inodes.push_back(listener.inode);
  std::vector<std::uint64_t> foreign = inodes;
  for (const auto& owned : os::socket_owners(own_processes(service, state), inodes)) std::erase(foreign, owned.inode);
  if (foreign.empty() || foreign.size() == inodes.size()) return;  // all hidden from us: nothing is known
  for (const auto& holder : ports::holders_of(*service.port)) {
    const bool is_foreign = std::ranges::any_of(
        holder.sockets, [&](const os::Listener& socket) { return std::ranges::find(foreign, socket.inode) != foreign.end(); });
    if (is_foreign) add_detail(service, "localhost is also answered by " + ports::describe(holder));
  }
}

bool runs(const ServiceSnapshot& service) {
  return service.pid.has_value() || !engine::is_down(service.state);
}

}  // namespace

void check_listeners(engine::ProjectSnapshot& project, const api::StateFile* state) {
  const auto all = os::all_listeners();
  if (!all) return;
  for (auto& service : project.services) {
    if (!service.port) continue;
    const auto listeners = on_port(*all, *service.port);
    // One of the configuration is probed by the supervisor while something needs it: that knows better than a look at its port.
    if (service.external && service.kind == config::ServiceKind::external && service.wanted && project.supervisor_running) continue;
    if (service.external) {
      service.ready = !listeners.empty();
      service.state = service.ready ? State::ready : State::stopped;
    } else if (!runs(service) && !listeners.empty()) {
      name_holders_of(service, *service.port);
    } else if (service.ready && listeners.size() > 1) {
      warn_of_neighbours(service, listeners, state);
    }
  }
}

}  // namespace devinit::cli
