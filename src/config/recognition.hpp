#pragma once

#include <optional>
#include <string>

#include "config/presets.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// What in a folder met a clue.
struct Recognition {
  std::string file;    ///< relative to the folder, or empty
  std::string script;  ///< of package.json, or empty
};

/// Whether `folder` (relative to the root) shows this preset.
[[nodiscard]] std::optional<Recognition> recognise_as(const Preset& preset, const std::string& folder,
                                                      const ProjectFiles& files);

/// The first preset of the table that the folder shows, or null.
[[nodiscard]] const Preset* recognise(const std::string& folder, const ProjectFiles& files);

}  // namespace devinit::config
