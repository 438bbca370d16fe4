#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "os/process.hpp"
#include "os/spawn.hpp"

namespace devinit::os {

/// `path` as a process in `cwd` (empty: ours) means it.
[[nodiscard]] std::string path_from(const std::string& cwd, const std::string& path);
/// PATH of `environment`, or what shells use without one.
[[nodiscard]] std::string_view search_path(const Environment& environment);
/// As `find_executable`, for a regular file that allows `access` (a mode of access(2)).
[[nodiscard]] std::string find_file(const std::string& command, const Environment& environment, const std::string& cwd,
                                    int access);

/// The command of `request` was not found: it does not exist, or it is not executable.
[[nodiscard]] Error command_error(const SpawnRequest& request);
/// The folder `cwd` cannot be entered.
[[nodiscard]] Error folder_error(const std::string& cwd, int error);
/// exec of `path` failed; `error` is its errno.
[[nodiscard]] Error exec_error(const SpawnRequest& request, const std::string& path, int error);

/// True for a file that a shell would take for a script of its own: it has no NUL byte near its start.
[[nodiscard]] bool looks_like_script(const std::string& path);

}  // namespace devinit::os
