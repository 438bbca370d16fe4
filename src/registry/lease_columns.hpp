#pragma once

/// The columns of `lease` in the order in which rows are read and written, and the start of an INSERT of them as $1 to $16. Macros: statements
/// are literals, whose addresses are the keys of prepared ones (see `Sql`).
#define LEASE_COLUMNS \
  "host, port, kind, owner, instance, role, label, checkout, repository, pid, pid_start, boot, created, last_used, pool, pending"
#define INSERT_LEASE \
  "INSERT INTO lease (" LEASE_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"

namespace devinit::registry {

inline constexpr int kLeaseColumns = 16;

}  // namespace devinit::registry
