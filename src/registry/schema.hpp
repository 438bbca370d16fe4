#pragma once

#include "base/result.hpp"
#include "registry/database.hpp"

namespace devinit::registry {

/// Grows with every change of a table. Tables (docs/registry.md): `meta`, `lease` (one row a port: primary key (host, port), unique (host,
/// kind, owner, instance, role)), `project_name`, and `taken` (derived: which ports of a host have a lease, as bitmaps; spares every search a
/// scan of all leases).
inline constexpr int kSchemaVersion = 2;

/// Brings the schema up to `kSchemaVersion` in one transaction: creates it in an empty database, migrates an older one. One query when
/// there is nothing to do. Errc::refused with a hint for a newer one; for an older one that may only be read.
[[nodiscard]] Result<> ensure_schema(Database& database, Access access);

}  // namespace devinit::registry
