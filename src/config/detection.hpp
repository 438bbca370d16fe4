#pragma once

#include <string>

#include "base/result.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// Finds the services of a project that has no devinit.json, by the preset table (config/presets.json, compiled in): first a
/// Procfile (each line `name: command`), then backend/+frontend/, api/+web/, server/+client/, apps/*, then the root itself.
/// Errc::not_found, with everything that was looked for and a five-line devinit.json to paste, when nothing is found.
[[nodiscard]] Result<ProjectConfig> detect(const ProjectFiles& files, const std::string& root_name);

/// A commented devinit.json that says the same as `config`: what `devinit init` writes. Parses back to an equal config.
[[nodiscard]] std::string to_devinit_json(const ProjectConfig& config);

}  // namespace devinit::config
