#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/port_set.hpp"
#include "base/result.hpp"
#include "registry/database.hpp"
#include "registry/grid.hpp"
#include "registry/lease.hpp"
#include "registry/taken_block.hpp"

namespace devinit::registry {

using LeaseSink = std::function<void(const Lease&)>;

/// The leases of one host in the database, and the ports that are taken by them. Nothing else inserts into `lease` or deletes from it,
/// because the bitmaps of `taken` have to follow in the same transaction. Errors are the database's.
class LeaseTable {
 public:
  /// `database` has to outlive the table.
  LeaseTable(Database& database, std::string host) : database_(&database), host_(std::move(host)) {}

  // Reading.
  [[nodiscard]] Result<std::optional<Lease>> at(Port port);
  [[nodiscard]] Result<std::vector<Lease>> of_app(std::string_view model, std::int64_t app);
  /// Of a checkout or a reservation, in the order of ports.
  [[nodiscard]] Result<std::vector<Lease>> of(OwnerKind kind, std::string_view name);
  /// In the order of the database. The lease is reused from row to row.
  [[nodiscard]] Result<> each_of_kind(OwnerKind kind, const LeaseSink& sink);
  /// In the order of ports. The lease is reused from row to row.
  [[nodiscard]] Result<> each(PortRange ports, const LeaseSink& sink);
  [[nodiscard]] Result<> each_of_all_hosts(PortRange ports, const LeaseSink& sink);
  /// Whether somebody else may have written since this was last asked, a `refresh` in between or not; the first answer is true.
  [[nodiscard]] Result<bool> changed_elsewhere();
  /// Brings `taken()` up to date: read again only when somebody else has written, or after `forget`.
  [[nodiscard]] Result<> refresh();
  /// As of the last `refresh`, with this object's own changes.
  [[nodiscard]] const PortSet& taken() const noexcept { return taken_; }
  /// `registry::lowest_free` in `taken()`; its cost does not grow with the number of leases. `busy`: see `GridSearch::next`.
  [[nodiscard]] std::optional<Port> lowest_free(const Grid& grid, const PortPolicy& policy, PortSet& busy);

  // Writing: in a transaction, after `refresh`, and before its end `write_taken`; after a rollback `forget`.
  /// False when the port has a lease already, which `taken()` had not said: the bitmaps are damaged. `lease.host` is not asked.
  [[nodiscard]] Result<bool> insert(const Lease& lease);
  [[nodiscard]] Result<> erase(const Lease& lease);
  /// Everything of a lease but its port, owner and time of creation.
  [[nodiscard]] Result<> update(const Lease& lease);
  [[nodiscard]] Result<> write_taken();
  /// Makes the bitmaps anew from the leases.
  [[nodiscard]] Result<> rebuild_taken();
  void forget() noexcept { known_ = false; }

 private:
  /// Asks the database, which says it once, for both who want to know.
  [[nodiscard]] Result<> notice_changes();
  /// In the order of ports.
  [[nodiscard]] Result<std::vector<Lease>> rows(Sql sql, std::span<const Value> parameters);
  [[nodiscard]] GridSearch& search_of(const Grid& grid, const PortPolicy& policy);
  /// Without the bitmaps: a row for every lease.
  [[nodiscard]] Result<> read_ports(PortSet& ports);
  void mark_changed(Port port) { changed_.set(block_of(port)); }

  Database* database_;
  std::string host_;
  PortSet taken_;
  bool known_ = false;                ///< `taken_` has been read and not forgotten
  bool changed_elsewhere_ = true;     ///< since `changed_elsewhere` was last asked
  std::bitset<kBlocks> changed_;      ///< blocks of `taken_` that the database does not have yet
  std::vector<GridSearch> searches_;  ///< of the grids that were asked for, as long as `never_` stays the same
  PortSet never_;
};

}  // namespace devinit::registry
