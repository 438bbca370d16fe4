#include "registry/registry.hpp"

#include <algorithm>
#include <utility>

#include "registry/reservation.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kLeasesOfHost{"DELETE FROM lease WHERE host = $1"};
constexpr Sql kTakenOfHost{"DELETE FROM taken WHERE host = $1"};
constexpr Sql kNamesOfHost{"DELETE FROM project_name WHERE host = $1"};
constexpr Sql kHostItself{"DELETE FROM host_seen WHERE host = $1"};

constexpr std::size_t kOwnersNamed = 5;

bool matches(const Filter& filter, const Lease& lease) {
  return (!filter.kind || *filter.kind == lease.owner.kind) && (filter.name.empty() || filter.name == lease.owner.name) &&
         (!filter.app || (lease.owner.kind == OwnerKind::app && *filter.app == lease.owner.instance)) &&
         (filter.role.empty() || filter.role == lease.owner.role) && (filter.pool.empty() || filter.pool == lease.pool);
}

Error owned_by_others(PortRange range, const std::vector<Lease>& others) {
  std::string owners;
  for (std::size_t i = 0; i < std::min(others.size(), kOwnersNamed); ++i) {
    owners += (i == 0 ? "" : "; ") + std::to_string(others[i].port) + ": " + describe(others[i]);
  }
  if (others.size() > kOwnersNamed) owners += "; and " + std::to_string(others.size() - kOwnersNamed) + " more";
  const std::string what = range.first == range.last ? std::to_string(range.first)
                                                     : std::to_string(range.first) + "-" + std::to_string(range.last);
  return Error(Errc::busy, "cannot reserve " + what + ", nothing was reserved: " + owners,
               "choose other ports, or end these leases with `devinit ports release`");
}

/// An ended host takes everything along, its apps and reservations as well: nobody can come back for them.
Result<> forget_host(Database& database, const std::string& host) {
  for (const Sql sql : {kLeasesOfHost, kTakenOfHost, kNamesOfHost, kHostItself}) {
    TRY(database.run(sql, std::array{Value(host)}));
  }
  return {};
}

Result<std::vector<Lease>> erase_all(LeaseTable& table, std::vector<Lease> leases) {
  for (const Lease& lease : leases) TRY(table.erase(lease));
  return leases;
}

}  // namespace

Registry::Registry(std::unique_ptr<State> state) : state_(std::move(state)) {}
Registry::~Registry() = default;

Result<std::unique_ptr<Registry>> Registry::open(const Location& location, Access access, Options options) {
  auto state = std::make_unique<State>();
  state->where = location;
  state->access = access;
  state->options = std::move(options);
  TRY(state->connect());
  return std::unique_ptr<Registry>(new Registry(std::move(state)));
}

const Location& Registry::location() const noexcept { return state_->where; }
const Host& Registry::host() const noexcept { return state_->options.host; }
bool Registry::is_live(const Lease& lease) const { return state_->is_live(lease); }
std::optional<std::string> Registry::reclaimable(const Lease& lease) const { return state_->reclaimable(lease); }

Result<> Registry::each_lease(const Filter& filter, const std::function<void(const Lease&)>& sink) {
  return state_->read([&]() -> Result<> {
    const PortRange ports = filter.ports.value_or(PortRange{1, 65535});
    const auto chosen = [&](const Lease& lease) {
      if (matches(filter, lease)) sink(lease);
    };
    if (!filter.all_hosts) return state_->leases->each(ports, chosen);
    TRY(state_->find_ended_hosts());
    return state_->leases->each_of_all_hosts(ports, chosen);
  });
}

Result<bool> Registry::changed_elsewhere() {
  return state_->read([&] { return state_->leases->changed_elsewhere(); });
}

Result<std::optional<Lease>> Registry::lease_of(Port port) {
  return state_->read([&] { return state_->leases->at(port); });
}

Result<> Registry::reserve(PortRange range, const std::string& name) {
  TRY(check_name("the name of a reservation", name));
  return state_->write([&]() -> Result<> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    FoldersSeen folders;
    TRY_ASSIGN(const auto reservation, reserve_range(*state_, range, name, folders));
    if (!reservation.others.empty()) return owned_by_others(range, reservation.others);
    return change.commit();
  });
}

Result<std::vector<Lease>> Registry::release_reservation(const std::string& name) {
  return state_->write([&]() -> Result<std::vector<Lease>> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto leases, state_->leases->of(OwnerKind::reserved, name));
    TRY_ASSIGN(auto ended, erase_all(*state_->leases, std::move(leases)));
    TRY(change.commit());
    return ended;
  });
}

Result<std::vector<Lease>> Registry::collect_garbage(bool dry_run) {
  const auto find = [this]() -> Result<std::vector<Lease>> {
    TRY(state_->find_ended_hosts());
    TRY_ASSIGN(auto found, state_->find_reclaimable());
    if (state_->ended_hosts.empty()) return found;
    TRY(state_->leases->each_of_all_hosts({1, 65535}, [&](const Lease& lease) {
      if (state_->ended_hosts.contains(lease.host)) found.push_back(lease);
    }));
    return found;
  };
  if (dry_run) return state_->read(find);
  return state_->write([&]() -> Result<std::vector<Lease>> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto found, find());
    for (const Lease& lease : found) {
      if (lease.host == state_->options.host.id) TRY(state_->leases->erase(lease));
    }
    for (const std::string& host : state_->ended_hosts) TRY(forget_host(*state_->database, host));
    TRY(change.commit());
    return found;
  });
}

Result<PortSet> Registry::taken() {
  return state_->read([&]() -> Result<PortSet> {
    TRY(state_->leases->refresh());
    return state_->leases->taken();
  });
}

}  // namespace devinit::registry
