#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cli/project.hpp"
#include "engine/snapshot.hpp"
#include "os/process.hpp"

namespace devinit::cli {

/// The lines of `.env.runtime` as its readers take them: split at the first `=`, values as they are.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> runtime_entries(std::string_view text);

/// The environment of a command that uses what runs here: the caller's, the variables of `.env.runtime` (of a folder that cannot be written: what would be
/// in it), DEVINIT_ROOT and DEVINIT_PROJECT. With `service` as that service gets it, but without its cookie: a command of the user's is nobody's leftover.
/// Errc::usage for an unknown service, Errc::failed when it has no port yet, Errc::config for files that are wrong.
[[nodiscard]] Result<os::Environment> live_environment(const Project& project, const engine::ProjectSnapshot& running, const std::string& service);

}  // namespace devinit::cli
