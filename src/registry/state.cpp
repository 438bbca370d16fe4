#include "registry/state.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "os/file_system.hpp"
#include "os/files.hpp"
#include "os/process.hpp"
#include "registry/schema.hpp"
#include "registry/sqlite_files.hpp"

namespace devinit::registry {
namespace {

/// After this long without a sign of life an ephemeral host has ended.
constexpr Seconds kHostLimit = 24 * 3600;
constexpr Seconds kDay = 24 * 3600;

constexpr Sql kSeenHost{
    "INSERT INTO host_seen (host, ephemeral, last_seen) VALUES ($1, 1, $2) "
    "ON CONFLICT (host) DO UPDATE SET ephemeral = 1, last_seen = excluded.last_seen"};
constexpr Sql kEndedHosts{"SELECT host FROM host_seen WHERE ephemeral <> 0 AND last_seen < $1 AND host <> $2"};

bool is_sqlite(const Location& location) { return location.backend == Location::Backend::sqlite; }

}  // namespace

Result<> Registry::State::connect() {
  if (database) return {};
  const bool new_here = is_sqlite(where) && os::file_kind(where.target) == os::FileKind::missing && !has_lost_content(where.target);
  if (access == Access::read_only && new_here) return expect_named_folder(where);
  auto opened = open_database(where, access);
  if (!opened) return opened.error().corrupt ? rebuild(opened.error().error) : Result<>(opened.error().error);
  auto schema = ensure_schema(**opened, access);
  if (!schema && is_corrupt(schema.error())) {
    opened->reset();
    return rebuild(schema.error());
  }
  if (!schema && access == Access::read_only) {
    // Who may write brings an old schema forward, also for a command that only reads.
    opened = open_database(where, Access::read_write);
    if (!opened || !ensure_schema(**opened, Access::read_write)) return schema;
  } else if (!schema) {
    return schema;
  }
  adopt(std::move(*opened));
  return {};
}

void Registry::State::adopt(std::unique_ptr<Database> opened) {
  leases.reset();
  database = std::move(opened);
  if (database) leases.emplace(*database, options.host.id);
}

Result<> Registry::State::check_writable() const {
  if (access == Access::read_write) return {};
  return Error(Errc::refused, "the registry " + where.shown + " is open for reading only");
}

Seconds Registry::State::now() const {
  if (options.now) return options.now();
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Lease Registry::State::new_lease(Owner owner) const {
  Lease lease;
  lease.owner = std::move(owner);
  lease.created = lease.last_used = now();
  lease.pool = "default";
  lease.pending = options.pending;
  lease.host = options.host.id;
  return lease;
}

bool Registry::State::is_live(const Lease& lease) const {
  if (!lease.live || lease.host != options.host.id || lease.live->boot_id != os::boot_id()) return false;
  return os::is_alive({static_cast<pid_t>(lease.live->pid), static_cast<std::uint64_t>(lease.live->start_ticks)});
}

std::optional<std::string> Registry::State::reclaimable(const Lease& lease) const {
  FoldersSeen folders;
  return reclaimable(lease, folders);
}

std::optional<std::string> Registry::State::reclaimable(const Lease& lease, FoldersSeen& folders) const {
  if (lease.host != options.host.id) {
    if (!ended_hosts.contains(lease.host)) return std::nullopt;
    return "its host " + lease.host + " was temporary and has not been seen for a day";
  }
  if (lease.owner.kind != OwnerKind::project || is_live(lease)) return std::nullopt;
  const auto [folder, is_new] = folders.try_emplace(lease.owner.name, false);
  if (is_new) folder->second = os::is_directory(lease.owner.name);
  if (!folder->second) return "its folder " + lease.owner.name + " is gone";
  const Seconds idle = now() - lease.last_used;
  if (idle <= options.idle_limit) return std::nullopt;
  return "it has not been used for " + std::to_string(idle / kDay) + " days";
}

Result<> Registry::State::find_ended_hosts() {
  std::set<std::string> hosts;
  const std::array<Value, 2> parameters{now() - kHostLimit, std::string_view(options.host.id)};
  TRY(database->run(kEndedHosts, parameters, [&](const Row& row) { hosts.emplace(row.text(0)); }));
  ended_hosts = std::move(hosts);
  return {};
}

Result<std::vector<Lease>> Registry::State::find_reclaimable() {
  std::vector<Lease> found;
  FoldersSeen folders;
  TRY(leases->each_of_kind(OwnerKind::project, [&](const Lease& lease) {
    if (reclaimable(lease, folders)) found.push_back(lease);
  }));
  std::sort(found.begin(), found.end(), [](const Lease& one, const Lease& other) { return one.port < other.port; });
  return found;
}

Result<Change> Change::begin(Registry::State& state) {
  TRY_ASSIGN(auto transaction, Transaction::begin(*state.database));
  Change change(state, std::move(transaction));
  TRY(state.leases->refresh());
  if (state.options.host.ephemeral) {
    const std::array<Value, 2> seen{std::string_view(state.options.host.id), state.now()};
    TRY(state.database->run(kSeenHost, seen));
  }
  return change;
}

Change::~Change() {
  if (state_ != nullptr && state_->leases) state_->leases->forget();
}

Result<> Change::commit() {
  TRY(state_->leases->write_taken());
  TRY(transaction_.commit());
  state_ = nullptr;
  return {};
}

}  // namespace devinit::registry
