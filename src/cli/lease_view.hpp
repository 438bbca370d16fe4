#pragma once

#include "api/registry_view.hpp"
#include "cli/commands/commands.hpp"
#include "config/project_config.hpp"

namespace devinit::cli {

/// What the registry says to a start of `project`. A registry that cannot be reached keeps nobody from starting: it goes on with the one of
/// this machine, else with nothing but what can be read, else without, and `context.output` is told. Errc::usage and Errc::config for a
/// registry, host or configuration that is written wrongly.
[[nodiscard]] Result<api::RegistryView> registry_view(const Context& context, const Project& project,
                                                      const config::ProjectConfig& config);

}  // namespace devinit::cli
