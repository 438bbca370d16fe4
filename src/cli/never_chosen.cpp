#include "cli/never_chosen.hpp"

#include <algorithm>

#include "registry/grid.hpp"

namespace devinit::cli {
namespace {

bool is_in(const std::vector<PortRange>& ranges, Port port) {
  return std::ranges::any_of(ranges, [port](const PortRange& range) { return range.contains(port); });
}

bool is_set_aside(const config::PortRules& rules, Port port) {
  const auto in_role = [port](const auto& role) { return role.second.start <= port && port <= role.second.end; };
  const auto in_pool = [&](const config::Pool& pool) { return std::ranges::any_of(pool.roles, in_role); };
  const auto of_app = [port](const config::AppEntry& app) {
    return std::ranges::any_of(app.ports, [port](const auto& entry) { return entry.second == port; });
  };
  return std::ranges::any_of(rules.pools, in_pool) || std::ranges::any_of(rules.apps, of_app);
}

const char* reason(Port port, const config::PortRules& rules, const std::vector<PortRange>& reserved) {
  constexpr Port kFirstUnprivileged = 1024;
  if (port < kFirstUnprivileged) return "privileged";
  if (std::ranges::count(registry::ports_blocked_by_browsers(), port) > 0) return "blocked by browsers";
  if (is_in(rules.deny, port)) return "denied by your configuration";
  if (is_set_aside(rules, port)) return "set aside by your configuration";
  if (is_in(reserved, port)) return "reserved by net.ipv4.ip_local_reserved_ports";
  return "leased to others";
}

}  // namespace

std::string never_chosen(const std::vector<Port>& avoided, const config::PortRules& rules, const std::vector<PortRange>& reserved) {
  constexpr int kMostShown = 6;
  std::string text;
  int shown = 0;
  for (std::size_t first = 0, next = 0; first < avoided.size(); first = next) {
    const std::string why = reason(avoided[first], rules, reserved);
    for (next = first + 1; next < avoided.size() && avoided[next] == avoided[next - 1] + 1; ++next) {
      if (reason(avoided[next], rules, reserved) != why) break;
    }
    if (++shown > kMostShown) return text + " …";
    text += (text.empty() ? "" : ", ") + std::to_string(avoided[first]);
    if (next - first > 1) text += "-" + std::to_string(avoided[next - 1]);
    text += " (" + why + ")";
  }
  return text;
}

}  // namespace devinit::cli
