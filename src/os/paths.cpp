#include "os/paths.hpp"

#include <pwd.h>
#include <unistd.h>

#include <vector>

#include "os/files.hpp"
#include "os/hash.hpp"
#include "os/own_file.hpp"

namespace devinit::os {
namespace {

/// An absolute path from the environment; a relative or empty one counts as unset, as the base directory rules say.
std::string absolute_variable(const Environment& environment, const char* name) {
  std::string value = variable(environment, name);
  return value.starts_with('/') ? value : std::string();
}

std::string home_from_password_database() {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0 || found == nullptr || found->pw_dir == nullptr || found->pw_dir[0] != '/') return {};
  return found->pw_dir;
}

/// `$NAME/devinit`, else `~FALLBACK/devinit`; empty without a home folder.
std::string base_directory(const Environment& environment, const char* name, const char* fallback) {
  if (const std::string base = absolute_variable(environment, name); !base.empty()) return base + "/devinit";
  std::string home = absolute_variable(environment, "HOME");
  if (home.empty()) home = home_from_password_database();
  return home.empty() ? home : home + fallback + "/devinit";
}

std::string state_path(const Environment& environment) { return base_directory(environment, "XDG_STATE_HOME", "/.local/state"); }

bool writable(const std::string& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

/// A folder of ours inside somebody's project. One that somebody else put there could send our files anywhere, or name a
/// supervisor of theirs.
Result<> make_own_folder(const std::string& path) {
  TRY(make_directories(path, 0700));
  return check_own_folder(path, "remove it: devinit makes a folder of its own there");
}

std::string prefix_of(const std::string& root) { return root == "/" ? "/" : root + "/"; }

Result<std::string> real_folder(const std::string& root) {
  TRY_ASSIGN(auto path, real_path(root));
  if (!is_directory(path)) return Error(Errc::not_found, path + " is not a folder");
  return path;
}

/// What lies where, once `root` and `data` are known.
void name_files(ProjectPaths& paths) {
  const std::string prefix = prefix_of(paths.root);
  paths.logs = paths.data + "/logs";
  paths.state_file = paths.data + "/state.json";
  paths.lock_file = paths.data + "/supervisor.lock";
  paths.supervisor_log = paths.data + "/supervisor.log";
  paths.ports_record = paths.data + "/ports.last.json";
  paths.ports_file = prefix + ".ports.json";
  paths.runtime_env_file = prefix + ".env.runtime";
}

}  // namespace

Result<std::string> state_directory(const Environment& environment) {
  std::string path = state_path(environment);
  if (path.empty()) {
    return Error(Errc::not_found, "there is no home folder to keep devinit's state in",
                 "set XDG_STATE_HOME to a folder of your own");
  }
  if (auto made = make_directories(path, 0700); !made) {
    return Error(made.error().code, made.error().message, "set XDG_STATE_HOME to a folder that you can write");
  }
  TRY(check_own_folder(path, "set XDG_STATE_HOME to a folder of your own"));  // sockets and locks live there
  return path;
}

std::string configuration_directory(const Environment& environment) {
  return base_directory(environment, "XDG_CONFIG_HOME", "/.config");
}

Result<ProjectPaths> project_paths(const std::string& root, const Environment& environment) {
  ProjectPaths paths;
  TRY_ASSIGN(paths.root, real_folder(root));
  paths.read_only = !writable(paths.root);
  paths.data = prefix_of(paths.root) + ".devinit";
  if (paths.read_only) {
    TRY_ASSIGN(const std::string state, state_directory(environment));
    paths.data = state + "/projects/" + short_hash(paths.root);
  }
  name_files(paths);
  return paths;
}

Result<ProjectPaths> run_paths(const std::string& root, const std::string& name, const Environment& environment) {
  ProjectPaths paths;
  TRY_ASSIGN(paths.root, real_folder(root));
  TRY_ASSIGN(const std::string state, state_directory(environment));
  paths.read_only = true;
  paths.data = state + "/runs/" + short_hash(paths.root + "\n" + name);
  name_files(paths);
  return paths;
}

Result<> create_data_directories(const ProjectPaths& paths) {
  if (paths.read_only) TRY(make_own_folder(parent_folder(paths.data)));
  TRY(make_own_folder(paths.data));
  TRY(make_own_folder(paths.logs));
  const std::string ignore = paths.data + "/.gitignore";
  if (!path_exists(ignore)) TRY(replace_file(ignore, "*\n", 0644, Durable::no, Links::replace));
  return {};
}

}  // namespace devinit::os
