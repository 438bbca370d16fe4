#pragma once

#include "cli/output.hpp"
#include "cli/project.hpp"
#include "os/interrupts.hpp"

namespace devinit::cli {

/// The services that a start of `targets` (empty: all) brings up: the targets and what they depend on, but nothing external, in
/// configuration order.
[[nodiscard]] std::vector<const config::ServiceConfig*> services_to_start(const config::ProjectConfig& config,
                                                                          const std::vector<std::string>& targets);

/// A fresh clone has no node_modules and no venv: runs what its presets say is missing, before anything is started. A terminal
/// is asked,
/// --install does it unasked; else Errc::failed with the exact command. Errc::interrupted on Ctrl-C.
[[nodiscard]] Result<> prepare_services(const Project& project, const std::vector<const config::ServiceConfig*>& services,
                                        const Arguments& arguments, Output& output, os::Interrupts& interrupts);

}  // namespace devinit::cli
