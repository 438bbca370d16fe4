#pragma once

#include <string>

#include "base/result.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// Finds the services of a project that has no devinit.json, by the preset table (config/presets.json, compiled in). A Procfile
/// (Procfile.dev first; each line `name: command`) says it all; else backend/+frontend/, api/+web/, server/+client/, apps/* are
/// looked into, then the root itself (with such folders beside it, only for a framework in the role that they leave open:
/// Django + frontend/). Preferred ports differ from each other; `backend` has 8000 and `frontend` 3000, whatever the framework.
/// Errc::not_found, with everything that was looked for and a five-line devinit.json to paste, when nothing is found;
/// Errc::config for a Procfile that names a process twice.
[[nodiscard]] Result<ProjectConfig> detect(const ProjectFiles& files, const std::string& root_name);

/// A commented devinit.json that says the same as `config`, a result of detect(): what `devinit init` writes. Parses back to an
/// equal config, except that the ports are now the user's own (PortSource::config).
[[nodiscard]] std::string to_devinit_json(const ProjectConfig& config);

}  // namespace devinit::config
