#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace devinit {

/// A number with its noun, which takes an s: "1 app", "2 apps", "0 apps".
[[nodiscard]] inline std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

}  // namespace devinit
