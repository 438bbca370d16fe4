#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/spawn.hpp"
#include "os/spawn_error.hpp"

namespace devinit::os {

namespace {

// What shells use when PATH is not set.
constexpr std::string_view kStandardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_file(const std::string& path, int access) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0;
}

}  // namespace

std::string path_from(const std::string& cwd, const std::string& path) {
  return cwd.empty() || path.starts_with('/') ? path : cwd + '/' + path;
}

std::string_view search_path(const Environment& environment) {
  const auto path = environment.find("PATH");
  return path != environment.end() ? std::string_view(path->second) : kStandardPath;
}

std::string find_file(const std::string& command, const Environment& environment, const std::string& cwd, int access) {
  if (command.find('/') != command.npos) return is_file(path_from(cwd, command), access) ? command : std::string();
  if (command.empty()) return {};
  for (std::string_view rest = search_path(environment);;) {
    const std::size_t colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    // An empty entry is the current folder. "./" keeps the result a path: a bare name would be looked up again.
    std::string candidate = (folder.empty() ? "." : std::string(folder)) + '/' + command;
    if (is_file(path_from(cwd, candidate), access)) return candidate;
    if (colon == rest.npos) return {};
    rest.remove_prefix(colon + 1);
  }
}

std::string find_executable(const std::string& command, const Environment& environment, const std::string& cwd) {
  return find_file(command, environment, cwd, X_OK);
}

}  // namespace devinit::os
