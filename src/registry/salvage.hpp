#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "registry/location.hpp"

namespace devinit::registry {

/// What became of a damaged file.
struct Salvage {
  bool done = false;      ///< false: another process had mended it already
  std::string kept;       ///< where the damaged file is now, with its -wal beside it; empty: there was none any more
  std::size_t leases = 0; ///< rows carried over into the new file
  std::size_t nonsense = 0;  ///< rows that could be read and are no leases: passed over
  bool complete = false;  ///< these are all that there were
  std::size_t restored = 0;  ///< leases of apps and reservations that only the backup had
  std::string backup;        ///< when it was made ("2026-01-31 12:00:00 UTC"); empty: there was none, or no need of it
};

/// Under the lock: keeps a damaged SQLite file (a missing one: what lies beside it) as `PATH.corrupt-<yyyymmddThhmmss>` (UTC; "-2" … when that exists; nothing is ever
/// overwritten) and puts a new database with the current schema at its place, in one rename: every row that can still be read and, when
/// these are not all, the apps, reservations and names of the backup. Who comes second finds a sound file and touches nothing. Open
/// connections of other processes notice at their next `begin()`. Only for SQLite (ASSERT).
[[nodiscard]] Result<Salvage> salvage_database(const Location& location);

}  // namespace devinit::registry
