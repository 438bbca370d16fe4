#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/project_config.hpp"

namespace devinit::cli {

/// What a task of `run: once` would do now, as 16 hexadecimal digits: its command, folder and environment as they are configured, and path and
/// content of every file below `root` that matches its `inputs` (a folder: all in it; of a symbolic link its target as text). Folders called .git, .devinit, node_modules
/// or .venv are searched only for patterns that name them. Errc::io or Errc::refused for what cannot be read, with its name and the task's.
[[nodiscard]] Result<std::string> task_fingerprint(const config::ServiceConfig& task, const std::string& root);

/// The fingerprints of all such tasks among `services`, by name; those in `again` are left out: they run whatever they did before.
[[nodiscard]] Result<std::map<std::string, std::string>> task_fingerprints(const std::vector<const config::ServiceConfig*>& services,
                                                                           const std::string& root, const std::vector<std::string>& again);

}  // namespace devinit::cli
