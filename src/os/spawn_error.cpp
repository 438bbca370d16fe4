#include "os/spawn_error.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/proc_file.hpp"

namespace devinit::os {

namespace {

/// What follows "#!" in the first line, without arguments; empty when the file does not start so.
std::string interpreter_of(const std::string& path) {
  std::array<char, 512> buffer;
  std::string_view line = read_start(path.c_str(), buffer).value_or("");
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

/// exec says ENOENT for a file that exists when the program that should run it does not.
Error missing_interpreter(const std::string& command, const std::string& file) {
  std::string interpreter = interpreter_of(file);
  if (interpreter.empty()) {
    return Error(Errc::not_found, "cannot run " + command + ": the program loader it asks for does not exist",
                 "it was probably built for another system (another libc or processor)");
  }
  if (interpreter.ends_with('\r')) {
    interpreter.pop_back();
    return Error(Errc::not_found, "cannot run " + command + ": its first line ends with a carriage return",
                 "save it with Unix line endings: sed -i 's/\\r$//' " + file);
  }
  return Error(Errc::not_found, "cannot run " + command + ": its interpreter " + interpreter + " does not exist",
               "install it, or correct the first line of " + file);
}

Error not_executable(const std::string& command, const std::string& file) {
  return Error(Errc::io, "cannot run " + command + ": " + file + " is not executable", "chmod +x " + file);
}

}  // namespace

Error command_error(const SpawnRequest& request) {
  const std::string& command = request.argv.front();
  const std::string file = find_file(command, request.environment, request.cwd, F_OK);
  if (!file.empty()) return not_executable(command, path_from(request.cwd, file));
  if (command.find('/') == command.npos) {
    return Error(Errc::not_found, "command not found: " + command,
                 "looked in " + std::string(search_path(request.environment)));
  }
  const std::string path = path_from(request.cwd, command);
  if (::access(path.c_str(), F_OK) == 0) return Error(Errc::io, "cannot run " + command + ": " + path + " is not a file");
  if (errno != ENOENT) return errno_error("cannot run " + path, errno);
  return Error(Errc::not_found, "command not found: " + path + " does not exist");
}

Error folder_error(const std::string& cwd, int error) {
  if (error == ENOENT) return Error(Errc::not_found, "cannot enter the folder " + cwd + ": it does not exist");
  return errno_error("cannot enter the folder " + cwd, error);
}

Error exec_error(const SpawnRequest& request, const std::string& path, int error) {
  const std::string& command = request.argv.front();
  if (request.executable >= 0) return errno_error("cannot run " + command + " from its descriptor", error);
  const std::string file = path_from(request.cwd, path);
  if (error == ENOENT && ::access(file.c_str(), F_OK) == 0) return missing_interpreter(command, file);
  if (error == ENOENT) return Error(Errc::not_found, "command not found: " + file + " does not exist");
  if (error == ENOEXEC) return Error(Errc::io, "cannot run " + command + ": " + file + " is no program for this machine");
  if (error == EACCES && ::access(file.c_str(), X_OK) != 0) return not_executable(command, file);
  return errno_error("cannot run " + command, error);
}

bool looks_like_script(const std::string& path) {
  std::array<char, 512> buffer;
  const auto start = read_start(path.c_str(), buffer);
  return start && start->find('\0') == start->npos;
}

}  // namespace devinit::os
