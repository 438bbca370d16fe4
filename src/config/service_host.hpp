#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config_file.hpp"
#include "config/project_config.hpp"

namespace devinit::config {

/// `HOST` of the user decides which address the services bind whose configuration names none: what `{host}` stands for, and the
/// flags of the presets with it. As the service itself will see the variable: from its `env`, else the caller's environment,
/// else its env files (`env_file_variables`, asked only then). Anything but an address or `localhost` is left alone (some
/// systems put the machine's name there) and told, once for each value: the texts are for the user.
[[nodiscard]] std::vector<std::string> apply_host_variable(
    ProjectConfig& config, const Variables& environment,
    const std::function<Variables(const ServiceConfig&)>& env_file_variables);

}  // namespace devinit::config
