#include "registry/reservation.hpp"

#include <utility>

#include "base/port_set.hpp"

namespace devinit::registry {

Result<Reservation> reserve_range(Registry::State& state, PortRange range, const std::string& name, FoldersSeen& folders) {
  Reservation reservation;
  PortSet own;
  std::vector<Lease> reclaimed;
  TRY(state.leases->each(range, [&](const Lease& lease) {
    if (lease.owner.kind == OwnerKind::reserved && lease.owner.name == name) {
      own.insert(lease.port);
    } else {
      (state.reclaimable(lease, folders) ? reclaimed : reservation.others).push_back(lease);
    }
  }));
  reservation.known = own.size();
  if (!reservation.others.empty()) return reservation;
  for (const Lease& lease : reclaimed) TRY(state.leases->erase(lease));
  Lease lease = state.new_lease({OwnerKind::reserved, name, 0, {}});
  for (unsigned port = range.first; port <= range.last; ++port) {
    lease.port = static_cast<Port>(port);
    if (own.contains(lease.port)) continue;
    lease.owner.instance = lease.port;
    TRY(state.leases->insert(lease));
    ++reservation.added;
  }
  return reservation;
}

}  // namespace devinit::registry
