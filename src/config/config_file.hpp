#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// Variables for `${X}` in values; `find` semantics of an environment.
using Variables = std::map<std::string, std::string>;

/// Parses and validates `devinit.json`. Every mistake of the text is reported at once as one Errc::config error with
/// file:line:column and a hint (unknown keys with a suggestion; unknown dependency; dependency cycle with its path; duplicate
/// ports naming both; templates that name no port of any service; keys of the language that this version does not act on).
/// `files` answers preset look-ups (`"preset": "next"`) and prepared-checks. `root_name` is the default project name.
[[nodiscard]] Result<ProjectConfig> parse_config(std::string_view text, const std::string& file, const std::string& root_name,
                                                 const Variables& variables, const ProjectFiles& files);

}  // namespace devinit::config
