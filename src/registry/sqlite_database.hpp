#pragma once

#include "registry/database.hpp"

namespace devinit::registry {

/// `open_database` for a path. With Access::read_only nothing is created: a missing file is an empty database in memory.
[[nodiscard]] Result<std::unique_ptr<Database>> open_sqlite(const Location& location, Access access);

}  // namespace devinit::registry
