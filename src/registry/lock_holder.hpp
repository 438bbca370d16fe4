#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.hpp"

namespace devinit::registry {

/// Errc::timeout: `what` ("the registry X stayed locked for 10 s") "by process 4711 (sqlite3 x.db), which is stopped", and what to do about it.
/// Without a process the hint says how to find the one that has `file` open.
[[nodiscard]] Error locked_by(const std::string& what, std::optional<pid_t> holder, const std::string& file);

}  // namespace devinit::registry
