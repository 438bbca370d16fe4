#include "supervisor/lease_order.hpp"

#include <utility>

namespace devinit::supervisor {
namespace {

LeaseOrder order(const StartContext& context, const char* verb, const os::ProcessIdentity& supervisor) {
  LeaseOrder result;
  result.words = {verb, "--root", context.project.root(), "--supervisor",
                  std::to_string(supervisor.pid) + ":" + std::to_string(supervisor.start_ticks)};
  result.environment = context.project.environment;
  result.environment["DEVINIT_REGISTRY"] = context.registry.location;
  // What it says is for the clients, who decide what they show; and it is no service of an outer devinit.
  for (const char* name : {"QUIET", "FORCE_MODE", "DEVINIT_COOKIE", "DEVINIT_ROOT", "DEVINIT_PROJECT", "DEVINIT_SERVICE"}) {
    result.environment.erase(name);
  }
  return result;
}

bool is_named_port(const StartContext& context, const std::string& role, Port port) {
  const auto choice = context.choices.find(role);
  return choice != context.choices.end() && is_named(choice->second) && choice->second.port == port;
}

}  // namespace

LeaseOrder lease_order(const StartContext& context, const std::vector<engine::KnownPort>& ports,
                       const os::ProcessIdentity& supervisor) {
  auto result = order(context, "write", supervisor);
  const auto& name = context.config.name;
  result.words.insert(result.words.end(), {"--name", name.empty() ? context.project.folder_name() : name});
  result.words.insert(result.words.end(), {"--repository", context.registry.repository});
  if (context.registry.pending) result.words.push_back("--pending");
  for (const auto& port : ports) {
    const auto role = config::ports_key(port.service, port.port_name);
    result.words.push_back(is_named_port(context, role, port.port) ? "--named" : "--chosen");
    result.words.push_back(role + "=" + std::to_string(port.port));
  }
  return result;
}

LeaseOrder end_order(const StartContext& context, const os::ProcessIdentity& supervisor) { return order(context, "end", supervisor); }

}  // namespace devinit::supervisor
