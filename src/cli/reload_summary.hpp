#pragma once

#include <string>
#include <vector>

#include "engine/snapshot.hpp"

namespace devinit::cli {

/// What a `reload` did, by comparison: "restarted backend, worker", "started cache", "ran migrate", "stopped old"; "nothing has changed" alone when
/// everything runs as before. External services do not count. Pure.
[[nodiscard]] std::vector<std::string> reload_summary(const engine::ProjectSnapshot& before, const engine::ProjectSnapshot& after);

}  // namespace devinit::cli
