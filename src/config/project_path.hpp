#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devinit::config {

/// A path relative to the project's root without `.`, `..` and doubled slashes ("" is the root), or nothing when it is absolute
/// or leaves the root. Looks at the text alone: symbolic links are for those who open the file.
[[nodiscard]] std::optional<std::string> inside_project(std::string_view path);

}  // namespace devinit::config
