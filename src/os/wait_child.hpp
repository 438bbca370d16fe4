#pragma once

#include "base/result.hpp"
#include "os/exit_status.hpp"
#include "os/spawn.hpp"

namespace devinit::os {

/// Waits for the end of a child made by `spawn` and reaps it: once per child. Errc::io when it is not ours to reap.
[[nodiscard]] Result<ExitStatus> wait_for_child(const Spawned& child);

}  // namespace devinit::os
