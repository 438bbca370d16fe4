// What the outside sees of the engine.
#include "config/templates.hpp"
#include "engine/engine.hpp"

namespace devinit::engine {

std::vector<ServiceSnapshot> Engine::snapshots() const {
  std::vector<ServiceSnapshot> result;
  result.reserve(order_.size());
  for (const auto& name : order_) result.push_back(snapshot_of(services_.at(name)));
  return result;
}

ServiceSnapshot Engine::snapshot(const std::string& name) const {
  const auto* service = find(name);
  if (service != nullptr) return snapshot_of(*service);
  ServiceSnapshot unknown;
  unknown.name = name;
  return unknown;
}

ServiceSnapshot Engine::snapshot_of(const Entry& service) const {
  const auto& config = service.plan.config;
  ServiceSnapshot result;
  result.name = service.name();
  result.state = service.state();
  result.ready = service.state() == State::ready || service.state() == State::completed || service.machine.on_schedule();
  result.wanted = service.wanted;
  result.external = service.is(config::ServiceKind::external);
  result.kind = config.kind;
  result.pid = service.pid;
  result.restarts = service.machine.restarts();
  result.detail = service.machine.detail();
  result.stale = service.stale;
  result.healthy = service.machine.healthy();
  result.flaps = service.machine.flaps();
  result.fingerprint = service.fingerprint;
  for (const auto& port : service.ports) {
    if (port.port_name.empty()) {
      result.port = port.port;
      result.port_source = port.source;
    } else {
      result.ports.emplace_back(port.port_name, port.port);
    }
  }
  if (result.external && config.port) result.port = config.port->prefer;
  if (result.port) result.url = config::service_url(*result.port, config.port ? config.port->host : std::string());
  return result;
}

TimePoint Engine::since(const std::string& name) const {
  const auto* service = find(name);
  return service == nullptr ? TimePoint{} : service->machine.since();
}

Engine::Times Engine::times(const std::string& name) const {
  const auto* service = find(name);
  return service == nullptr ? Times{} : service->times;
}

const config::ServiceConfig* Engine::config_of(const std::string& name) const {
  const auto* service = find(name);
  return service == nullptr ? nullptr : &service->plan.config;
}

bool Engine::restarting(const std::string& name) const {
  const auto* service = find(name);
  if (service == nullptr) return false;
  const bool by_command = service->state() == State::stopping && comes_back(name) && keeps_ports(name);
  return by_command || service->machine.restarting();
}

std::optional<Port> Engine::port_of(const std::string& name, const std::string& port_name) const {
  const auto* service = find(name);
  if (service == nullptr) return std::nullopt;
  for (const auto& port : service->ports) {
    if (port.port_name == port_name) return port.port;
  }
  return std::nullopt;
}

std::vector<KnownPort> Engine::ports() const {
  std::vector<KnownPort> result;
  for (const auto& name : order_) {
    const auto& ports = services_.at(name).ports;
    result.insert(result.end(), ports.begin(), ports.end());
  }
  return result;
}

}  // namespace devinit::engine
