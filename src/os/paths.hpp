#pragma once

#include <string>

#include "base/result.hpp"
#include "os/process.hpp"

namespace devinit::os {

/// `$XDG_STATE_HOME/devinit`, else `$HOME/.local/state/devinit` (HOME from the password database when unset). Created with
/// mode 0700 and verified: a directory that we own and nobody else can write, not a symbolic link; else Errc::refused
/// with a hint. Not the runtime directory: that one disappears at logout.
[[nodiscard]] Result<std::string> state_directory(const Environment& environment);

/// `$XDG_CONFIG_HOME/devinit`, else `$HOME/.config/devinit` (HOME as above): what people write for all their projects. Empty without a home
/// folder. Not created.
[[nodiscard]] std::string configuration_directory(const Environment& environment);

/// Where one project keeps what devinit writes for itself.
struct ProjectPaths {
  std::string root;             ///< real path
  std::string data;             ///< ROOT/.devinit, or STATE/projects/HASH when the project is read-only
  std::string logs;             ///< DATA/logs
  std::string state_file;       ///< DATA/state.json
  std::string lock_file;        ///< DATA/supervisor.lock
  std::string supervisor_log;   ///< DATA/supervisor.log
  std::string ports_record;     ///< DATA/ports.last.json: what devinit last wrote into .ports.json
  std::string ports_file;       ///< ROOT/.ports.json
  std::string runtime_env_file; ///< ROOT/.env.runtime
  bool read_only = false;       ///< the project folder cannot be written: nothing is written into it
};
/// Computes the paths; creates nothing in the project. (`read_only`: access(2) W_OK fails or the file system is read-only;
/// root is not asked, the file system decides.)
[[nodiscard]] Result<ProjectPaths> project_paths(const std::string& root, const Environment& environment);
/// The paths of one `devinit run` called `name` in the folder `root`: all of its data is in STATE/runs/HASH, and `read_only` is set, because
/// nothing is written into the folder itself.
[[nodiscard]] Result<ProjectPaths> run_paths(const std::string& root, const std::string& name, const Environment& environment);
/// Creates DATA (0700, with a `.gitignore` of "*") and LOGS. Errc::refused with a hint when one of them is a symbolic link, somebody else's, or can
/// be written by others.
[[nodiscard]] Result<> create_data_directories(const ProjectPaths& paths);

}  // namespace devinit::os
