#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/result.hpp"
#include "registry/sqlite_connection.hpp"

namespace devinit::registry {

/// The tables whose rows are worth carrying into another file; the others are derived.
enum class KeptTable { leases, project_names, hosts };
inline constexpr std::array kKeptTables{KeptTable::leases, KeptTable::project_names, KeptTable::hosts};

/// Writes one row, or keeps it to write it later: `insert` with `values` adds it unless something else has its place, and the answer is how
/// many rows it added. Those of a lease begin with host, port, kind, owner, instance and role. They are texts or NULL, valid until it
/// returns.
using RowWriter = std::function<Result<std::int64_t>(Sql insert, std::span<const Value> values)>;

struct Rescue {
  std::size_t rows = 0;  ///< that were added
  std::size_t nonsense = 0;  ///< that could be read and cannot be what was written: passed over (row_sense.hpp)
  bool complete = true;  ///< there was nothing that could not be read
};

/// Reads a table around its damaged pages: what cannot be read in one go is halved, down to the single row. Errors are those of writing,
/// but for Errc::io: a row that is readable and yet breaks a rule (NULL where none may be) is part of the damage.
[[nodiscard]] Result<Rescue> rescue_rows(SqliteConnection& from, KeptTable table, const RowWriter& write);

}  // namespace devinit::registry
