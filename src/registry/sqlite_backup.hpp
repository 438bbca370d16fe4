#pragma once

#include <ctime>
#include <optional>
#include <string>

#include "registry/sqlite_connection.hpp"

namespace devinit::registry {

/// A copy beside the registry, `PATH.backup`, of which a rebuild takes what it cannot read in the damaged file: nothing else knows the
/// ports of apps. That it is there also says that the registry had content once.
[[nodiscard]] std::string backup_path(const std::string& path);

/// When it was made; nothing when there is none.
[[nodiscard]] std::optional<std::time_t> backup_time(const std::string& path);

/// Renews the copy when it is older than a minute, and one more for each MiB of the registry (40,000 leases take 60 ms each 9 minutes).
/// Under the lock of writers, after a commit. A damaged page leaves the old copy as it is. What cannot be written is no error.
void keep_backup(SqliteConnection& connection, const std::string& path);

}  // namespace devinit::registry
