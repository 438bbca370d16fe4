#pragma once

#include <string>
#include <vector>

#include "cli/supervision_arguments.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// How far a service is from what somebody waits for.
enum class Standing {
  met,
  pending,
  lost,  ///< it has failed for good: only a command of somebody changes that
};
/// `ready`: proven ready; of a task: completed; of a scheduled service: its times are watched. `started`: its first process runs, or has run.
/// `completed`: it has ended, whatever its exit code; `failed` without one, it never ran to an end and is lost. `stopped`: nothing of it runs, however that came.
[[nodiscard]] Standing standing_of(const engine::ServiceSnapshot& service, WaitFor goal) noexcept;

/// The services that a `wait` is about: those named, else all wanted ones (completed: the wanted tasks; stopped: all that devinit runs). One that is
/// named and not known yet is in state stopped.
[[nodiscard]] std::vector<engine::ServiceSnapshot> awaited_services(const engine::ProjectSnapshot& project, const std::vector<std::string>& names,
                                                                    WaitFor goal);

/// Of all of them: `lost` as soon as one is. Nobody to wait for is `pending` (nothing has been started yet), but `met` when the goal is `stopped`.
[[nodiscard]] Standing standing_of(const std::vector<engine::ServiceSnapshot>& services, WaitFor goal) noexcept;

/// Who is not there yet, and where: "backend is starting on port 8000, web-1 is backing off: …".
[[nodiscard]] std::string pending_text(const std::vector<engine::ServiceSnapshot>& services, WaitFor goal);

}  // namespace devinit::cli
