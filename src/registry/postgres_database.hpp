#pragma once

#include "registry/database.hpp"

namespace devinit::registry {

/// `open_database` for a PostgreSQL URL: 3 s at most, however the server or its name behave. Errc::not_found with a hint when libpq is not
/// installed; Errc::io for a server that may only be read, unless that is all that is asked for.
[[nodiscard]] Result<std::unique_ptr<Database>> open_postgres(const Location& location, Access access);

}  // namespace devinit::registry
