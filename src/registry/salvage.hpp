#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "registry/location.hpp"

namespace devinit::registry {

/// What became of a damaged file.
struct Salvage {
  std::string kept;       ///< where the damaged file is now, with its -wal beside it; empty: another process had mended it already
  std::size_t leases = 0; ///< rows carried over into the new file
  std::size_t names = 0;  ///< project names
};

/// Under the lock: keeps a damaged SQLite file as `PATH.corrupt-<yyyymmddThhmmss>` (UTC; "-2" … when that exists; nothing is ever overwritten) and puts
/// a new database with the current schema and every row that can still be read at its place, in one rename. Who comes second
/// finds a sound file and touches nothing. Open connections of other processes notice at their next `begin()`. Only for SQLite (ASSERT).
[[nodiscard]] Result<Salvage> salvage_database(const Location& location);

}  // namespace devinit::registry
