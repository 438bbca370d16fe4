#pragma once

#include "api/messages.hpp"
#include "cli/commands/commands.hpp"
#include "cli/run_lease.hpp"
#include "cli/run_observer.hpp"

namespace devinit::cli {

/// Why a run was not started, in its own words: what a supervisor says is meant for `start` and speaks of devinit.json.
[[nodiscard]] Error run_failure(const Context& context, const api::Done& done, const config::RunSettings& settings,
                                const RunWish& wish, const RunObserver& observer);

}  // namespace devinit::cli
