#pragma once

#include "api/state_file.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// Compares a snapshot with who listens now: marks external services as listening or not, names who holds the port of a stopped
/// or failed service, and warns when a stranger answers on another address of a ready service's port. One look at the kernel's
/// table; processes are searched only where that table shows something. `state` (may be null) tells which processes are the
/// services' own.
void check_listeners(engine::ProjectSnapshot& project, const api::StateFile* state);

}  // namespace devinit::cli
