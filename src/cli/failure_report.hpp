#pragma once

#include "api/messages.hpp"
#include "cli/output.hpp"
#include "cli/project.hpp"

namespace devinit::cli {

/// "devinit: error: backend failed: exited with code 1" and the tail of its log, whatever was asked for with --quiet.
void report_failure(const api::Failure& failure, Output& output);
/// The failure of a service that was not told as one: reason and log tail as the project has them.
[[nodiscard]] api::Failure failure_of(const Project& project, const engine::ServiceSnapshot& service);

}  // namespace devinit::cli
