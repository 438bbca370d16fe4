#include "scaffold/allocation.hpp"

#include <algorithm>

#include "scaffold/project_name.hpp"

namespace devinit::scaffold {
namespace {

using registry::Lease;

Port port_of(const std::vector<Lease>& leases, const char* role) {
  for (const auto& lease : leases) {
    if (lease.owner.role == role) return lease.port;
  }
  return 0;
}

Allocation from_leases(const std::vector<Lease>& leases) {
  Allocation allocation;
  allocation.backend = port_of(leases, kBackendRole);
  allocation.frontend = port_of(leases, kFrontendRole);
  for (const auto& lease : leases) {
    if (allocation.checkout.empty()) allocation.checkout = lease.checkout;
  }
  return allocation;
}

/// The port that a role would get: what is set aside for it, else the lowest of its grid.
std::optional<Port> next_port(const registry::AppRequest& request, const registry::Grid& grid, const PortSet& taken,
                              const registry::PortPolicy& policy) {
  const auto fixed = request.preconfigured.find(grid.role);
  if (fixed != request.preconfigured.end() && !taken.contains(fixed->second)) return fixed->second;
  return registry::lowest_free(grid, taken, policy);
}

}  // namespace

Result<Allocation> allocate(registry::Registry& registry, registry::AppRequest request, const registry::PortPolicy& policy) {
  TRY_ASSIGN(const auto before, registry.find_app(request.model, request.app));
  const std::string checkout = from_leases(before).checkout;
  request.checkout.clear();
  TRY_ASSIGN(auto answers, registry.allocate({&request, 1}, policy));
  ASSERT(answers.size() == 1);
  TRY_ASSIGN(auto ports, std::move(answers.front()));
  Allocation allocation = from_leases(ports.leases);
  ASSERT(allocation.backend != 0 && allocation.frontend != 0);
  allocation.created = ports.created;
  allocation.checkout = checkout;
  allocation.leases = std::move(ports.leases);
  TRY_ASSIGN(allocation.project_name,
             registry.project_name(request.model, request.app, preferred_project_name(request.model, request.app)));
  return allocation;
}

Result<Allocation> preview(registry::Registry& registry, const registry::AppRequest& request,
                           const registry::PortPolicy& policy) {
  TRY_ASSIGN(const auto leases, registry.find_app(request.model, request.app));
  TRY_ASSIGN(auto taken, registry.taken());
  Allocation allocation = from_leases(leases);
  for (const auto& grid : request.grids) {
    Port& port = grid.role == kBackendRole ? allocation.backend : allocation.frontend;
    if (port != 0) continue;
    const auto next = next_port(request, grid, taken, policy);
    if (!next)
      return Error(Errc::busy, "no port is free for " + grid.role + " from " + std::to_string(grid.start) + " on",
                   "devinit ports stats");
    port = *next;
    taken.insert(port);
    allocation.created = true;
  }
  allocation.project_name = preferred_project_name(request.model, request.app);
  if (allocation.created) return allocation;
  if (const auto name = registry.project_name(request.model, request.app, allocation.project_name))
    allocation.project_name = *name;
  return allocation;
}

Result<std::optional<Allocation>> find_allocation(registry::Registry& registry, const std::string& model, std::int64_t app) {
  TRY_ASSIGN(const auto leases, registry.find_app(model, app));
  Allocation allocation = from_leases(leases);
  if (allocation.backend == 0 || allocation.frontend == 0) return std::optional<Allocation>();
  if (const auto name = registry.project_name(model, app, preferred_project_name(model, app))) allocation.project_name = *name;
  allocation.leases = leases;
  return std::optional(std::move(allocation));
}

}  // namespace devinit::scaffold
