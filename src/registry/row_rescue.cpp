#include "registry/row_rescue.hpp"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "registry/lease_columns.hpp"
#include "registry/row_sense.hpp"

namespace devinit::registry {
namespace {

/// The first column of `read` is the rowid, the others are the parameters of `write`.
struct Statements {
  Sql read;
  Sql last;
  Sql write;
  int columns;
};
constexpr Statements kLeases{
    {"SELECT rowid, " LEASE_COLUMNS " FROM lease NOT INDEXED WHERE rowid BETWEEN $1 AND $2 ORDER BY rowid"},
    {"SELECT max(rowid) FROM lease"},
    {INSERT_LEASE " ON CONFLICT DO NOTHING"},
    kLeaseColumns};
constexpr Statements kNames{
    {"SELECT rowid, host, name, model, app FROM project_name NOT INDEXED WHERE rowid BETWEEN $1 AND $2 ORDER BY rowid"},
    {"SELECT max(rowid) FROM project_name"},
    {"INSERT INTO project_name (host, name, model, app) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"},
    4};
constexpr Statements kHosts{
    {"SELECT rowid, host, ephemeral, last_seen FROM host_seen NOT INDEXED WHERE rowid BETWEEN $1 AND $2 ORDER BY rowid"},
    {"SELECT max(rowid) FROM host_seen"},
    {"INSERT INTO host_seen (host, ephemeral, last_seen) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"},
    3};

const Statements& statements_for(KeptTable table) {
  switch (table) {
    case KeptTable::leases:
      return kLeases;
    case KeptTable::project_names:
      return kNames;
    case KeptTable::hosts:
      return kHosts;
  }
  ASSERT(false);
  return kLeases;
}

class RowRescue {
 public:
  RowRescue(SqliteConnection& from, KeptTable table, const RowWriter& write)
      : from_(from), table_(table), statements_(statements_for(table)), write_(write) {}

  Result<Rescue> run() {
    std::int64_t last = kUnknownLast;
    const auto read = from_.run(statements_.last, {}, [&last](const Row& row) { last = row.integer(0); });
    if (!read && read.error().code == Errc::not_found) return Rescue{.rows = 0, .complete = false};
    rescue(1, read ? last : kUnknownLast);
    if (failure_) return std::move(*failure_);
    return rescued_;
  }

 private:
  /// When the highest row cannot be read: more rows than there are ports on a thousand hosts.
  static constexpr std::int64_t kUnknownLast = std::int64_t{1} << 26;
  /// Each try costs some microseconds; a file of which this many do not help has little left to give.
  static constexpr int kMaxTries = 100'000;

  void rescue(std::int64_t first, std::int64_t last) {
    if (first > last || failure_ || ++tries_ > kMaxTries) return;
    std::int64_t reached = first - 1;
    const auto read = from_.run(statements_.read, std::array<Value, 2>{first, last}, [this, &reached](const Row& row) {
      reached = row.integer(0);
      carry(row);
    });
    if (read) return;
    rescued_.complete = false;
    const std::int64_t rest = reached + 1;
    if (rest >= last) return;  // the damaged row itself
    const std::int64_t middle = rest + (last - rest) / 2;
    rescue(rest, middle);
    rescue(middle + 1, last);
  }

  void carry(const Row& row) {
    std::vector<Value> values;
    for (int column = 1; column <= statements_.columns; ++column) values.push_back(value_of(row, column));
    if (!makes_sense(table_, values)) {
      ++rescued_.nonsense;
      rescued_.complete = false;
      return;
    }
    const auto written = write_(statements_.write, values);
    if (written) rescued_.rows += static_cast<std::size_t>(*written);
    if (!written && written.error().code != Errc::io) failure_ = written.error();
  }

  static Value value_of(const Row& row, int column) {
    if (row.is_null(column)) return std::monostate{};
    return row.text(column);  // columns that are numbers turn the text back into one
  }

  SqliteConnection& from_;
  KeptTable table_;
  const Statements& statements_;
  const RowWriter& write_;
  Rescue rescued_;
  int tries_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<Rescue> rescue_rows(SqliteConnection& from, KeptTable table, const RowWriter& write) {
  return RowRescue(from, table, write).run();
}

}  // namespace devinit::registry
