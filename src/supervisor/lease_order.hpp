#pragma once

#include <vector>

#include "engine/operation.hpp"
#include "os/process.hpp"
#include "supervisor/lease_keeper.hpp"
#include "supervisor/start_context.hpp"

namespace devinit::supervisor {

/// `devinit lease write …`: every port of the project, and which of them somebody named; `supervisor` is the process that keeps them live.
[[nodiscard]] LeaseOrder lease_order(const StartContext& context, const std::vector<engine::KnownPort>& ports,
                                     const os::ProcessIdentity& supervisor);
/// `devinit lease end …`: nothing runs any more.
[[nodiscard]] LeaseOrder end_order(const StartContext& context, const os::ProcessIdentity& supervisor);

}  // namespace devinit::supervisor
