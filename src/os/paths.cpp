#include "os/paths.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

#include "os/files.hpp"

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

/// Sockets and locks live there: a folder that somebody else can write would let them talk to us in our name.
Result<> check_private(const std::string& path) {
  const char* hint = "set XDG_STATE_HOME to a folder of your own";
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return errno_error("cannot open the state folder " + path, errno);
  if (S_ISLNK(status.st_mode)) return Error(Errc::refused, "the state folder " + path + " is a symbolic link", hint);
  if (!S_ISDIR(status.st_mode)) return Error(Errc::refused, "the state folder " + path + " is not a folder", hint);
  if (status.st_uid != ::geteuid()) {
    return Error(Errc::refused, "the state folder " + path + " belongs to uid " + std::to_string(status.st_uid), hint);
  }
  if ((status.st_mode & 022) != 0) {
    return Error(Errc::refused, "the state folder " + path + " can be written by other users", "chmod 700 '" + path + "'");
  }
  return {};
}

/// A short name for a path (FNV-1a): tells projects apart in our own folder; no secret, no defence.
std::string path_hash(std::string_view path) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char character : path) hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

bool writable(const std::string& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

/// A folder of ours inside somebody's project. A link there could send our files anywhere.
Result<> make_own_folder(const std::string& path) {
  TRY(make_directories(path, 0700));
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    return Error(Errc::refused, path + " is a symbolic link", "remove it: devinit makes a folder of its own there");
  }
  return {};
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
  TRY(check_private(path));
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
    paths.data = state + "/projects/" + path_hash(paths.root);
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
  TRY(make_own_folder(paths.data));
  TRY(make_own_folder(paths.logs));
  const std::string ignore = paths.data + "/.gitignore";
  if (!path_exists(ignore)) TRY(replace_file(ignore, "*\n", 0644, Durable::no));
  return {};
}

}  // namespace devinit::os
