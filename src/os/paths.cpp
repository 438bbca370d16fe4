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
  const auto found = environment.find(name);
  return found != environment.end() && found->second.starts_with('/') ? found->second : std::string();
}

std::string home_from_password_database() {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0 || found == nullptr || found->pw_dir == nullptr || found->pw_dir[0] != '/') return {};
  return found->pw_dir;
}

std::string state_path(const Environment& environment) {
  if (const std::string state = absolute_variable(environment, "XDG_STATE_HOME"); !state.empty()) return state + "/devinit";
  std::string home = absolute_variable(environment, "HOME");
  if (home.empty()) home = home_from_password_database();
  return home.empty() ? home : home + "/.local/state/devinit";
}

bool writable(const std::string& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

/// A folder of ours inside somebody's project. One that somebody else put there could send our files anywhere, or name a
/// supervisor of theirs.
Result<> make_own_folder(const std::string& path) {
  TRY(make_directories(path, 0700));
  return check_own_folder(path, "remove it: devinit makes a folder of its own there");
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

Result<ProjectPaths> project_paths(const std::string& root, const Environment& environment) {
  ProjectPaths paths;
  TRY_ASSIGN(paths.root, real_path(root));
  if (!is_directory(paths.root)) return Error(Errc::not_found, paths.root + " is not a folder");
  paths.read_only = !writable(paths.root);
  const std::string prefix = paths.root == "/" ? "/" : paths.root + "/";
  paths.data = prefix + ".devinit";
  if (paths.read_only) {
    TRY_ASSIGN(const std::string state, state_directory(environment));
    paths.data = state + "/projects/" + short_hash(paths.root);
  }
  paths.logs = paths.data + "/logs";
  paths.state_file = paths.data + "/state.json";
  paths.lock_file = paths.data + "/supervisor.lock";
  paths.supervisor_log = paths.data + "/supervisor.log";
  paths.ports_record = paths.data + "/ports.last.json";
  paths.ports_file = prefix + ".ports.json";
  paths.runtime_env_file = prefix + ".env.runtime";
  return paths;
}

Result<> create_data_directories(const ProjectPaths& paths) {
  if (paths.read_only) TRY(make_own_folder(paths.data.substr(0, paths.data.rfind('/'))));
  TRY(make_own_folder(paths.data));
  TRY(make_own_folder(paths.logs));
  const std::string ignore = paths.data + "/.gitignore";
  if (!path_exists(ignore)) TRY(replace_file(ignore, "*\n", 0644, Durable::no, Links::replace));
  return {};
}

}  // namespace devinit::os
