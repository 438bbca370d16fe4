#pragma once

#include "base/result.hpp"
#include "registry/database.hpp"

namespace devinit::registry {

/// Grows with every change of a table. Tables (docs/registry.md): `meta`, `lease` (one row a port: primary key (host, port), unique (host,
/// kind, owner, instance, role)), `project_name`, and `taken` (derived: which ports of a host have a lease, as bitmaps; spares every
/// search a scan of all leases).
inline constexpr int kSchemaVersion = 2;

/// Brings the schema up to `kSchemaVersion` in one transaction: creates it in an empty database, migrates an older one. One query when
/// there is nothing to do. Errc::refused with a hint for a newer one; for an older one that may only be read.
///
/// For a reader an empty database stays empty: this connection sees tables of its own without a row.
[[nodiscard]] Result<> ensure_schema(Database& database, Access access);

/// Makes `taken` anew from `lease` (see taken_block.hpp). Inside a transaction of the caller.
[[nodiscard]] Result<> rebuild_taken(Database& database);

}  // namespace devinit::registry
