#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/project_config.hpp"

namespace devinit::config {

/// The services of a Procfile: each line `name: command`; other lines mean nothing, as everywhere. `release` is left out: it is
/// what a host runs once per deployment. A process named backend, api, server or web prefers 8000, one named frontend or client
/// 3000 (the first of each kind); another one that mentions PORT gets an automatic port, and one that does not has none.
/// Errc::config for a name that stands twice.
[[nodiscard]] Result<std::vector<ServiceConfig>> parse_procfile(std::string_view text, const std::string& file);

}  // namespace devinit::config
