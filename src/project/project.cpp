#include "project/project.hpp"

#include <algorithm>
#include <filesystem>

#include "base/suggest.hpp"
#include "config/config_file.hpp"
#include "config/config_sources.hpp"
#include "config/detection.hpp"
#include "config/run_file.hpp"
#include "os/files.hpp"
#include "os/spawn.hpp"

namespace devinit::project {
namespace {

namespace fs = std::filesystem;

/// Also true for a dangling link, a FIFO, a folder: those are refused later with a clear message, not overlooked.
bool entry_exists(const std::string& path) {
  std::error_code ignored;
  const auto status = fs::symlink_status(path, ignored);
  return fs::exists(status);
}

bool writable_by_everybody(const std::string& directory) {
  std::error_code failure;
  const auto status = fs::status(directory, failure);
  return !failure && (status.permissions() & fs::perms::others_write) != fs::perms::none;
}

std::string parent_of(const std::string& directory) { return fs::path(directory).parent_path().string(); }

/// `directory` and the folders above it up to and including the git root; `git_root` is empty when there is none.
std::vector<std::string> folders_upward(const std::string& directory, const std::string& home, std::string& git_root) {
  std::vector<std::string> all;
  for (std::string at = directory;; at = parent_of(at)) {
    all.push_back(at);
    if (entry_exists(at + "/.git")) {
      git_root = at;
      return all;
    }
    if (at == parent_of(at)) break;
  }
  std::vector<std::string> trusted;
  for (const auto& folder : all) {
    if (folder != directory && (folder == home || folder == "/" || writable_by_everybody(folder))) break;
    trusted.push_back(folder);
  }
  return trusted;
}

Error unreadable(const std::string& name, const os::ReadFailure& failure) {
  switch (failure.problem) {
    case os::FileProblem::outside_root:
      return Error(Errc::config, name + " " + failure.detail, "replace the link by a file, or by a link to a file inside the project");
    case os::FileProblem::missing:
      return Error(Errc::config, name + " is a symbolic link to nothing", "remove it or correct it");
    case os::FileProblem::not_regular:
    case os::FileProblem::too_large: return Error(Errc::config, name + " " + failure.detail, "move it away or replace it by a real file");
    case os::FileProblem::unreadable: return Error(Errc::config, name + " cannot be read: " + failure.detail, "check its permissions");
  }
  return Error(Errc::config, name + " cannot be read");
}

/// Detection, which in a folder of a larger git tree may have looked at more than the user meant.
Result<config::ProjectConfig> detect_services(const Project& project, const DiskFiles& files) {
  auto found = config::detect(files, project.folder_name());
  if (found || found.error().code != Errc::not_found || project.directory.empty() || project.directory == project.root()) return found;
  auto error = found.error();
  error.message += "\nthe project's root is " + project.root() + ", the git tree around " + project.directory;
  error.hint += "\nor make " + project.directory + " a project of its own: echo '{}' > " + project.directory + "/.ports.json";
  return error;
}

/// The text of a file that people edit; nothing when there is none.
Result<std::optional<std::string>> read_edited_file(const std::string& root, const std::string& name) {
  const auto path = root + "/" + name;
  if (!entry_exists(path)) return std::optional<std::string>();
  auto text = os::read_text_file(path, root);
  if (text) return std::optional<std::string>(std::move(*text));
  // Deleted since the look above: as good as never there.
  if (text.error().problem == os::FileProblem::missing && !entry_exists(path)) return std::optional<std::string>();
  return unreadable(name, text.error());
}

/// The real path of -C.
Result<std::string> folder_of(const std::string& directory) {
  auto real = os::real_path(directory.empty() ? "." : directory);
  if (!real) {
    return directory.empty() ? Error(Errc::usage, "the current folder does not exist any more", "cd to another folder")
                             : Error(Errc::usage, "there is no folder " + directory, "-C/--project names a project folder");
  }
  if (!os::is_directory(*real)) return Error(Errc::usage, directory + " is not a folder", "-C/--project names a project folder");
  return real;
}

Result<config::ProjectConfig> load_run(const Project& project) {
  const auto text = os::read_text_file(run_file(project));
  if (!text) return Error(Errc::config, run_file(project) + " cannot be read: " + text.error().detail, "start the run again");
  TRY_ASSIGN(const auto run, config::decode_run_file(*text));
  return config::run_project_config(run);
}

}  // namespace

std::string find_root(const std::string& directory, const os::Environment& environment) {
  std::string git_root;
  const auto folders = folders_upward(directory, os::variable(environment, "HOME"), git_root);
  for (const char* marker : {"/devinit.json", "/.ports.json"}) {
    for (const auto& folder : folders) {
      if (entry_exists(folder + marker)) return folder;
    }
  }
  return git_root.empty() ? directory : git_root;
}

std::string Project::folder_name() const {
  const auto name = fs::path(paths.root).filename().string();
  return name.empty() ? "project" : name;
}

Result<Project> open_project(const std::string& directory, os::Environment environment) {
  TRY_ASSIGN(auto real, folder_of(directory));
  TRY_ASSIGN(auto paths, os::project_paths(find_root(real, environment), environment));
  return Project{std::move(paths), std::move(environment), std::move(real)};
}

Result<Project> open_run(const std::string& directory, const std::string& name, os::Environment environment) {
  TRY_ASSIGN(auto real, folder_of(directory));
  TRY_ASSIGN(auto paths, os::run_paths(real, name, environment));
  return Project{std::move(paths), std::move(environment), std::move(real), name};
}

std::string run_file(const Project& project) { return project.paths.data + "/run.json"; }

bool DiskFiles::is_file(const std::string& path) const { return os::is_regular_file(full(path)); }
bool DiskFiles::is_directory(const std::string& path) const { return os::is_directory(full(path)); }
std::vector<std::string> DiskFiles::list(const std::string& path) const { return os::list_directory(full(path)); }

std::optional<std::string> DiskFiles::read(const std::string& path) const {
  auto text = os::read_text_file(full(path));
  if (!text) return std::nullopt;
  return std::move(*text);
}

Result<std::optional<std::string>> DiskFiles::read_edited(const std::string& path) const { return read_edited_file(root_, path); }

bool DiskFiles::has_command(const std::string& command) const { return !os::find_executable(command, environment_, root_).empty(); }

Result<config::ProjectConfig> load_config(const Project& project) {
  if (!project.run.empty()) return load_run(project);
  const DiskFiles files(project.root(), project.environment);
  TRY_ASSIGN(const auto text, files.read_edited("devinit.json"));
  if (!text && entry_exists(project.root() + "/" + config::kLocalOverlay)) {
    return Error(Errc::config, std::string(config::kLocalOverlay) + " changes what devinit.json says, and there is none",
                 "write one with `devinit init`, or remove it");
  }
  if (!text) return detect_services(project, files);
  return config::parse_config(*text, "devinit.json", project.folder_name(), project.environment, files);
}

Result<std::optional<config::PortsFile>> load_ports_file(const Project& project) {
  if (!project.run.empty()) return std::optional<config::PortsFile>();
  TRY_ASSIGN(const auto text, read_edited_file(project.root(), ".ports.json"));
  if (!text) return std::optional<config::PortsFile>();
  TRY_ASSIGN(auto ports, config::parse_ports_file(*text, ".ports.json"));
  return std::optional<config::PortsFile>(std::move(ports));
}

std::optional<config::PortsRecord> load_ports_record(const Project& project) {
  const auto text = os::read_text_file(project.paths.ports_record);
  if (!text) return std::nullopt;
  return config::parse_ports_record(*text);
}

Result<> check_targets(const std::vector<std::string>& targets, const std::vector<std::string>& known) {
  for (const auto& target : targets) {
    if (std::ranges::find(known, target) != known.end()) continue;
    std::string hint;
    if (const auto close = nearest(target, known)) hint = "did you mean `" + *close + "`? ";
    hint += "services here:";
    for (const auto& name : known) hint += " " + name;
    return Error(Errc::usage, "there is no service `" + target + "`", hint);
  }
  return {};
}

std::vector<std::string> service_names(const config::ProjectConfig& config) {
  std::vector<std::string> names;
  for (const auto& service : config.services) names.push_back(service.name);
  return names;
}

}  // namespace devinit::project
