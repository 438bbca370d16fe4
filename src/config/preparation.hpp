#pragma once

#include <optional>
#include <string>

#include "config/presets.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// The first of `check.satisfied_by`, as seen from `folder` (relative to the root): "../.venv/bin/python". Nothing when there
/// is none.
[[nodiscard]] std::optional<std::string> find_prepared(const PrepareCheck& check, const std::string& folder,
                                                       const ProjectFiles& files);

/// Whether the folder must be prepared, and how. A folder that asks for nothing to be installed (no requirements, a
/// package.json without dependencies) needs no preparation.
[[nodiscard]] PrepareSpec check_prepared(const PrepareCheck& check, const std::string& folder, const ProjectFiles& files);

/// True when the file exists and asks for something: a requirement line in requirements.txt, a `dependencies` entry in
/// pyproject.toml; any other file (lock files) does so by its existence.
[[nodiscard]] bool lists_requirements(const std::string& path, const ProjectFiles& files);

}  // namespace devinit::config
