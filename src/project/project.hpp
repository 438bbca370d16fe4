#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/ports_file.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"
#include "os/paths.hpp"

namespace devinit::project {

/// The project folder of `directory` (a real path): the nearest folder upward, inside the git tree, with devinit.json, else with .ports.json,
/// else the git root, else `directory` itself. Without a git tree the search ends below the home folder and at folders that everybody may
/// write: a file planted in /tmp must not decide what runs.
[[nodiscard]] std::string find_root(const std::string& directory, const os::Environment& environment);

/// The project that a command works on.
struct Project {
  os::ProjectPaths paths;
  os::Environment environment;  ///< the caller's
  std::string directory = {};   ///< where the command was given: the root or a folder below it
  std::string run = {};         ///< the name of a `devinit run`: no project of the user's, but one command in the folder; else empty

  [[nodiscard]] const std::string& root() const noexcept { return paths.root; }
  /// The name of the root folder.
  [[nodiscard]] std::string folder_name() const;
  [[nodiscard]] std::string config_file() const { return paths.root + "/devinit.json"; }
};
/// Resolves -C (empty: the current folder). Errc::usage when there is no such folder.
[[nodiscard]] Result<Project> open_project(const std::string& directory, os::Environment environment);
/// One `devinit run` called `name` in the folder of -C, which is its root as it is. Nothing is written there, none of its files is read but
/// the env files. Errc::usage when there is no such folder, Errc::refused and others when there is no place for its data.
[[nodiscard]] Result<Project> open_run(const std::string& directory, const std::string& name, os::Environment environment);
/// Where its configuration is: written by the command line (config/run_file.hpp).
[[nodiscard]] std::string run_file(const Project& project);

/// The project folder on the real file system, as detection sees it.
class DiskFiles : public config::ProjectFiles {
 public:
  DiskFiles(std::string root, os::Environment environment) : root_(std::move(root)), environment_(std::move(environment)) {}
  [[nodiscard]] bool is_file(const std::string& path) const override;
  [[nodiscard]] bool is_directory(const std::string& path) const override;
  [[nodiscard]] std::optional<std::string> read(const std::string& path) const override;
  [[nodiscard]] Result<std::optional<std::string>> read_edited(const std::string& path) const override;
  [[nodiscard]] std::vector<std::string> list(const std::string& path) const override;
  [[nodiscard]] bool has_command(const std::string& command) const override;

 private:
  [[nodiscard]] std::string full(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  std::string root_;
  os::Environment environment_;
};

/// devinit.json, or what detection finds. Errc::config (all mistakes, or why the file cannot be read), Errc::not_found.
[[nodiscard]] Result<config::ProjectConfig> load_config(const Project& project);
/// .ports.json; nothing when there is none. Errc::config for anything but a small regular file inside the project with ports in it.
[[nodiscard]] Result<std::optional<config::PortsFile>> load_ports_file(const Project& project);
/// What devinit last wrote; nothing when lost.
[[nodiscard]] std::optional<config::PortsRecord> load_ports_record(const Project& project);

/// Errc::usage with a suggestion when one of `targets` is no service of `known`.
[[nodiscard]] Result<> check_targets(const std::vector<std::string>& targets, const std::vector<std::string>& known);
[[nodiscard]] std::vector<std::string> service_names(const config::ProjectConfig& config);

}  // namespace devinit::project
