#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace devinit::os {

/// The numeric addresses of a host name, in the order in which they should be tried. The C library's resolver knows no limit of time, so a
/// child process asks it and is killed when `timeout` has passed (Errc::timeout). Errc::not_found when there is no such name. An
/// address is its own answer, without a child.
[[nodiscard]] Result<std::vector<std::string>> resolve_host(const std::string& name, std::chrono::milliseconds timeout);

}  // namespace devinit::os
