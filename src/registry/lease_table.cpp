#include "registry/lease_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "registry/lease_columns.hpp"
#include "registry/path_text.hpp"
#include "registry/schema.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kAt{"SELECT " LEASE_COLUMNS " FROM lease WHERE host = $1 AND port = $2"};
// No ORDER BY port: SQLite would walk the index of (host, port) through all leases of the host to have it for nothing.
constexpr Sql kOfApp{"SELECT " LEASE_COLUMNS " FROM lease WHERE host = $1 AND kind = 'app' AND owner = $2 AND instance = $3"};
constexpr Sql kOf{"SELECT " LEASE_COLUMNS " FROM lease WHERE host = $1 AND kind = $2 AND owner = $3"};
constexpr Sql kOfKind{"SELECT " LEASE_COLUMNS " FROM lease WHERE host = $1 AND kind = $2"};
constexpr Sql kEach{"SELECT " LEASE_COLUMNS " FROM lease WHERE host = $1 AND port >= $2 AND port <= $3 ORDER BY port"};
constexpr Sql kEachOfAllHosts{"SELECT " LEASE_COLUMNS " FROM lease WHERE port >= $1 AND port <= $2 ORDER BY port, host"};
constexpr Sql kTakenBlocks{"SELECT block, ports FROM taken WHERE host = $1"};
constexpr Sql kPorts{"SELECT port FROM lease WHERE host = $1"};
constexpr Sql kInsert{INSERT_LEASE " ON CONFLICT (host, port) DO NOTHING"};
constexpr Sql kErase{"DELETE FROM lease WHERE host = $1 AND port = $2"};
constexpr Sql kUpdate{
    "UPDATE lease SET label = $3, checkout = $4, repository = $5, pid = $6, pid_start = $7, boot = $8, last_used = $9, pool = $10, "
    "pending = $11 WHERE host = $1 AND port = $2"};
constexpr Sql kWriteBlock{
    "INSERT INTO taken (host, block, ports) VALUES ($1, $2, $3) ON CONFLICT (host, block) DO UPDATE SET ports = excluded.ports"};

Value number(std::int64_t value) { return value; }

/// Columns as in LEASE_COLUMNS; assigns, so that a reused lease keeps its memory.
void read_row(const Row& row, Lease& lease) {
  lease.host = row.text(0);
  lease.port = static_cast<Port>(row.integer(1));
  // What no version has written counts as what nobody but its owner may end.
  lease.owner.kind = owner_kind_from(row.text(2)).value_or(OwnerKind::reserved);
  if (lease.owner.kind == OwnerKind::project) {
    read_path_text(row.text(3), lease.owner.name);
  } else {
    lease.owner.name = row.text(3);
  }
  lease.owner.instance = row.integer(4);
  lease.owner.role = row.text(5);
  read_path_text(row.text(6), lease.label);
  read_path_text(row.text(7), lease.checkout);
  read_path_text(row.text(8), lease.repository);
  lease.live.reset();
  if (!row.is_null(9)) lease.live = LiveProcess{row.integer(9), row.integer(10), std::string(row.text(11))};
  lease.created = row.integer(12);
  lease.last_used = row.integer(13);
  lease.pool = row.text(14);
  lease.pending = row.integer(15) != 0;
}

/// What a lease says about folders, as parameters. Names of models and reservations are texts, and stay what they are.
struct Folders {
  explicit Folders(const Lease& lease)
      : owner(lease.owner.kind == OwnerKind::project ? lease.owner.name : std::string_view()),
        label(lease.label),
        checkout(lease.checkout),
        repository(lease.repository) {}
  PathText owner;  ///< only of a project
  PathText label;
  PathText checkout;
  PathText repository;
};

/// pid, start time and boot, as parameters.
std::array<Value, 3> live_values(const Lease& lease) {
  if (!lease.live) return {};
  return {lease.live->pid, lease.live->start_ticks, std::string_view(lease.live->boot_id)};
}

}  // namespace

Result<std::vector<Lease>> LeaseTable::rows(Sql sql, std::span<const Value> parameters) {
  std::vector<Lease> leases;
  TRY(database_->run(sql, parameters, [&](const Row& row) { read_row(row, leases.emplace_back()); }));
  std::sort(leases.begin(), leases.end(), [](const Lease& one, const Lease& other) { return one.port < other.port; });
  return leases;
}

Result<std::optional<Lease>> LeaseTable::at(Port port) {
  TRY_ASSIGN(auto leases, rows(kAt, std::array{Value(host_), number(port)}));
  if (leases.empty()) return std::optional<Lease>();
  return std::optional<Lease>(std::move(leases.front()));
}

Result<std::vector<Lease>> LeaseTable::of_app(std::string_view model, std::int64_t app) {
  return rows(kOfApp, std::array{Value(host_), Value(model), number(app)});
}

Result<std::vector<Lease>> LeaseTable::of(OwnerKind kind, std::string_view name) {
  const PathText root(kind == OwnerKind::project ? name : std::string_view());
  return rows(kOf, std::array{Value(host_), Value(to_string(kind)), Value(kind == OwnerKind::project ? root.view() : name)});
}

Result<> LeaseTable::each_of_kind(OwnerKind kind, const LeaseSink& sink) {
  Lease lease;
  TRY(database_->run(kOfKind, std::array{Value(host_), Value(to_string(kind))}, [&](const Row& row) {
    read_row(row, lease);
    sink(lease);
  }));
  return {};
}

Result<> LeaseTable::each(PortRange ports, const LeaseSink& sink) {
  Lease lease;
  TRY(database_->run(kEach, std::array{Value(host_), number(ports.first), number(ports.last)}, [&](const Row& row) {
    read_row(row, lease);
    sink(lease);
  }));
  return {};
}

Result<> LeaseTable::each_of_all_hosts(PortRange ports, const LeaseSink& sink) {
  Lease lease;
  TRY(database_->run(kEachOfAllHosts, std::array{number(ports.first), number(ports.last)}, [&](const Row& row) {
    read_row(row, lease);
    sink(lease);
  }));
  return {};
}

Result<> LeaseTable::notice_changes() {
  TRY_ASSIGN(const bool changed, database_->changed_elsewhere());
  if (!changed) return {};
  known_ = false;
  changed_elsewhere_ = true;
  return {};
}

Result<bool> LeaseTable::changed_elsewhere() {
  TRY(notice_changes());
  return std::exchange(changed_elsewhere_, false);
}

Result<> LeaseTable::refresh() {
  TRY(notice_changes());
  if (known_) return {};
  PortSet taken;
  bool readable = true;
  TRY(database_->run(kTakenBlocks, std::array{Value(host_)}, [&](const Row& row) {
    readable = decode_block(row.text(1), static_cast<unsigned>(row.integer(0)), taken) && readable;
  }));
  changed_.reset();
  if (!readable) TRY(read_ports(taken));
  taken_ = taken;
  searches_.clear();
  known_ = true;
  return {};
}

GridSearch& LeaseTable::search_of(const Grid& grid, const PortPolicy& policy) {
  if (never_ != policy.never) {
    searches_.clear();
    never_ = policy.never;
  }
  const auto known = std::find_if(searches_.begin(), searches_.end(), [&](const GridSearch& search) { return search.searches(grid); });
  return known != searches_.end() ? *known : searches_.emplace_back(grid);
}

std::optional<Port> LeaseTable::lowest_free(const Grid& grid, const PortPolicy& policy, PortSet& busy) {
  return search_of(grid, policy).next(taken_, policy, busy);
}

Result<bool> LeaseTable::insert(const Lease& lease) {
  const auto [pid, pid_start, boot] = live_values(lease);
  const Folders folders(lease);
  const std::string_view owner = lease.owner.kind == OwnerKind::project ? folders.owner.view() : std::string_view(lease.owner.name);
  TRY_ASSIGN(const auto count,
             database_->run(kInsert, std::array{Value(host_), number(lease.port), Value(to_string(lease.owner.kind)),
                                                Value(owner), number(lease.owner.instance), Value(lease.owner.role),
                                                Value(folders.label.view()), Value(folders.checkout.view()),
                                                Value(folders.repository.view()), pid, pid_start, boot, number(lease.created),
                                                number(lease.last_used), Value(lease.pool), number(lease.pending ? 1 : 0)}));
  if (count == 0) return false;
  taken_.insert(lease.port);
  mark_changed(lease.port);
  return true;
}

Result<> LeaseTable::erase(const Lease& lease) {
  TRY(database_->run(kErase, std::array{Value(host_), number(lease.port)}));
  taken_.erase(lease.port);
  mark_changed(lease.port);
  for (GridSearch& search : searches_) search.released(lease.port);
  return {};
}

Result<> LeaseTable::update(const Lease& lease) {
  const auto [pid, pid_start, boot] = live_values(lease);
  const Folders folders(lease);
  TRY(database_->run(kUpdate, std::array{Value(host_), number(lease.port), Value(folders.label.view()), Value(folders.checkout.view()),
                                         Value(folders.repository.view()), pid, pid_start, boot, number(lease.last_used), Value(lease.pool),
                                         number(lease.pending ? 1 : 0)}));
  return {};
}

Result<> LeaseTable::write_taken() {
  for (unsigned block = 0; block < kBlocks; ++block) {
    if (!changed_.test(block)) continue;
    const std::string ports = encode_block(taken_, block);
    TRY(database_->run(kWriteBlock, std::array{Value(host_), number(block), Value(ports)}));
  }
  changed_.reset();
  return {};
}

Result<> LeaseTable::read_ports(PortSet& ports) {
  TRY(database_->run(kPorts, std::array{Value(host_)}, [&](const Row& row) { ports.insert(static_cast<Port>(row.integer(0))); }));
  return {};
}

Result<> LeaseTable::rebuild_taken() {
  TRY(registry::rebuild_taken(*database_));
  forget();
  return refresh();
}

}  // namespace devinit::registry
