#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/port.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// How a folder shows its framework. Every list that is not empty must be met.
struct Clue {
  std::vector<std::string> files;         ///< one of these exists …
  std::vector<std::string> texts;         ///< … and contains one of these
  std::vector<std::string> dependencies;  ///< package.json names one of these packages, in whatever kind of dependency
  std::vector<std::string> scripts;       ///< package.json has one of these scripts (the first that meets the clue is run) …
  std::string script_runs;  ///< … and that script ends in this program, so that arguments appended to it reach the program
};

/// How to make a folder runnable when `file` says what to install.
struct PrepareRule {
  std::string file;     ///< applies when this file lists at least one requirement
  std::string command;  ///< for `sh -c` in the service's folder
};

struct PrepareCheck {
  std::string missing;                    ///< what people are told is missing; empty: there is nothing to check
  std::vector<std::string> satisfied_by;  ///< any of these files or folders is enough
  bool search_upwards = false;            ///< they may also stand in a folder above the service's
  bool by_package_manager = false;        ///< the command comes from the lock file's package manager instead of from `rules`
  std::vector<PrepareRule> rules;         ///< the first that applies
};

/// A framework as data: how to recognise it, run it, tell it its port, and prepare it.
struct Preset {
  std::string name;         ///< what `"preset"` in devinit.json says: "next", "fastapi", …
  std::string title;        ///< for people: "Next.js"
  std::string role;         ///< "backend" or "frontend": the name of the service when the root itself is the service
  bool generic = false;     ///< matches much: at the root it counts only when no sub-folder holds a service
  std::vector<Clue> clues;  ///< any of them
  std::string command;      ///< for `sh -c`; apply_preset fills `{python}` `{file}` `{module}` `{app}` `{run}`, templates stay
  std::string port_args;    ///< what `{run}` appends to the project's script; empty: PORT is enough
  std::string app_class;    ///< `{app}` is the variable of this class
  Port default_port = 0;
  std::vector<std::pair<std::string, std::string>> env;
  PrepareCheck prepare;
};

/// A Node package manager, told by its lock file.
struct PackageManager {
  std::string name;
  std::vector<std::string> lock_files;
  std::string run;               ///< `{script}`
  std::string run_with_args;     ///< `{script}` and `{args}`
  std::string install;           ///< exactly what the lock file says
  std::string install_unlocked;  ///< without a lock file
};

/// The table of config/presets.json, most specific first: the order in which detection tries it. It lives as long as the
/// program.
[[nodiscard]] const std::vector<Preset>& presets();
/// The last one is npm: what a project without a lock file uses.
[[nodiscard]] const std::vector<PackageManager>& package_managers();

/// The preset of that name, or null.
[[nodiscard]] const Preset* find_preset(std::string_view name);
[[nodiscard]] std::vector<std::string> preset_names();

/// Fills what `service` leaves open: an empty command; `port` when it is nothing (8000 for a service named `backend`, 3000 for
/// `frontend`, else the preset's default; PortSource::preset); the names of `env` that it does not set; `prepare`; and
/// `preset`. `cwd` is the service's folder relative to the root. Never fails: a folder without the expected files gets the
/// plainest command.
void apply_preset(const Preset& preset, const std::string& cwd, const ProjectFiles& files, ServiceConfig& service);

}  // namespace devinit::config
