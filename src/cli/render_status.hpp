#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// ✓ ready, completed or scheduled, ✗ failed, ⚠ ready with something to know, … on its way, · not running; '+', 'x', '!', '~', '-' without unicode.
[[nodiscard]] std::string mark_of(const engine::ServiceSnapshot& service, bool unicode);
[[nodiscard]] Color color_of(const engine::ServiceSnapshot& service) noexcept;

/// Not only "ready": what `status` has to point at.
[[nodiscard]] bool needs_attention(const engine::ServiceSnapshot& service) noexcept;

/// One line per service (mark, name, state, port, pid, uptime, restarts, flaps, URL; aligned), each followed by what there is to know of it, indented.
/// `now`: wall clock seconds. Colours as `output` allows on stdout.
[[nodiscard]] std::vector<std::string> render_status(const engine::ProjectSnapshot& project, std::int64_t now,
                                                     const Output& output);

/// 0 when every wanted service is ready and healthy (a task: completed; a scheduled one: watched) and at least one is wanted, else 3. External services do
/// not count.
[[nodiscard]] int status_exit_code(const engine::ProjectSnapshot& project) noexcept;

}  // namespace devinit::cli
