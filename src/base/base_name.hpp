#pragma once

#include <string_view>

namespace devinit {

/// What stands behind the last slash of a path, or all of it: "/usr/bin/env" → "env", "env" → "env".
[[nodiscard]] constexpr std::string_view base_name(std::string_view path) noexcept {
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}

}  // namespace devinit
