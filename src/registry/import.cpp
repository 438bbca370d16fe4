#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "registry/registry.hpp"
#include "registry/reservation.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

/// One call of `import_rows`, inside its transaction, which is only committed when there is no conflict.
class Import {
 public:
  explicit Import(Registry::State& state) : state_(state), leases_(*state.leases) {}

  Result<ImportReport> run(std::span<const ImportRow> rows, std::span<const ImportReservation> reservations) {
    for (const ImportRow& row : rows) TRY(add(row));
    for (const ImportReservation& reservation : reservations) TRY(reserve(reservation));
    if (!report_.conflicts.empty()) report_.added = 0;
    return std::move(report_);
  }

 private:
  using Key = std::tuple<std::string, std::int64_t, std::string>;

  Result<> add(const ImportRow& row) {
    if (!is_valid(row) || !is_first(row)) return {};
    TRY_ASSIGN(const auto holder, leases_.at(row.port));
    TRY_ASSIGN(const auto own, leases_.of_app(row.model, row.app));
    for (const Lease& lease : own) {
      if (lease.owner.role != row.role) continue;
      if (lease.port == row.port) {
        ++report_.known;
      } else {
        conflict(row, title(row) + " has port " + std::to_string(lease.port) + " already, not " + std::to_string(row.port));
      }
      return {};
    }
    if (holder && !state_.reclaimable(*holder)) {
      conflict(row, "port " + std::to_string(row.port) + " belongs to " + describe(*holder));
      return {};
    }
    if (holder) TRY(leases_.erase(*holder));
    return insert(row);
  }

  Result<> insert(const ImportRow& row) {
    Lease lease = state_.new_lease({OwnerKind::app, row.model, row.app, row.role});
    lease.port = row.port;
    TRY_ASSIGN(const bool inserted, leases_.insert(lease));
    if (!inserted) conflict(row, "port " + std::to_string(row.port) + " belongs to another owner");
    ++report_.added;
    return {};
  }

  Result<> reserve(const ImportReservation& reservation) {
    if (const auto checked = check_name("the name of a reservation", reservation.name); !checked) {
      report_.conflicts.push_back(checked.error().message);
      return {};
    }
    if (const auto* other = overlapped_by(reservation)) {
      report_.conflicts.push_back("the reservation of " + title(reservation) + " overlaps that of " + title(*other));
      return {};
    }
    reservations_.push_back(&reservation);
    TRY_ASSIGN(const auto reserved, reserve_range(state_, reservation.range, reservation.name, folders_));
    report_.added += reserved.added;
    report_.known += reserved.known;
    for (const Lease& lease : reserved.others) conflict(reservation, lease);
    return {};
  }

  /// One name may set a port aside twice.
  [[nodiscard]] const ImportReservation* overlapped_by(const ImportReservation& reservation) const {
    for (const auto* other : reservations_) {
      const bool overlap = other->range.first <= reservation.range.last && reservation.range.first <= other->range.last;
      if (overlap && other->name != reservation.name) return other;
    }
    return nullptr;
  }

  bool is_valid(const ImportRow& row) {
    if (const auto checked = check_model(row.model); !checked) {
      conflict(row, checked.error().message);
    } else if (row.app < 1) {
      conflict(row, "app numbers begin at 1, this one is " + std::to_string(row.app));
    } else if (row.port == 0 || row.role.empty()) {
      conflict(row, title(row) + " has no port");
    } else {
      return true;
    }
    return false;
  }

  /// Neither the port nor the owner has been in an earlier row.
  bool is_first(const ImportRow& row) {
    const auto [port, port_is_new] = ports_.emplace(row.port, &row);
    if (!port_is_new) {
      conflict(row, "port " + std::to_string(row.port) + " is also that of " + title(*port->second) + " in row " +
                        std::to_string(port->second->row));
    }
    const auto [owner, owner_is_new] = owners_.emplace(Key{row.model, row.app, row.role}, &row);
    if (port_is_new && !owner_is_new) {
      conflict(row, title(row) + " has port " + std::to_string(owner->second->port) + " in row " +
                        std::to_string(owner->second->row) + " already");
    }
    return port_is_new && owner_is_new;
  }

  static std::string title(const ImportRow& row) {
    return "model " + row.model + " app " + std::to_string(row.app) + ", " + row.role + ",";
  }
  void conflict(const ImportRow& row, const std::string& text) {
    report_.conflicts.push_back("row " + std::to_string(row.row) + ": " + text);
  }
  void conflict(const ImportReservation& reservation, const Lease& lease) {
    const bool of_list = ports_.contains(lease.port);
    report_.conflicts.push_back("port " + std::to_string(lease.port) + " cannot be reserved for " + reservation.name + ": " +
                                (of_list ? "the same list gives it to " : "it belongs to ") + describe(lease));
  }
  static std::string title(const ImportReservation& reservation) {
    const auto [first, last] = reservation.range;
    return std::to_string(first) + (first == last ? "" : "-" + std::to_string(last)) + " for " + reservation.name;
  }

  Registry::State& state_;
  LeaseTable& leases_;
  ImportReport report_;
  std::map<Port, const ImportRow*> ports_;
  std::map<Key, const ImportRow*> owners_;
  std::vector<const ImportReservation*> reservations_;
  FoldersSeen folders_;
};

}  // namespace

Result<ImportReport> Registry::import_rows(std::span<const ImportRow> rows, std::span<const ImportReservation> reservations) {
  return state_->write([&]() -> Result<ImportReport> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto report, Import(*state_).run(rows, reservations));
    if (report.conflicts.empty()) TRY(change.commit());
    return report;
  });
}

}  // namespace devinit::registry
