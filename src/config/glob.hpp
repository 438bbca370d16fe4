#pragma once

#include <string>
#include <string_view>

namespace devinit::config {

/// Whether a path (relative, with `/`) matches a pattern: `*` and `?` within a folder, `**` across folders, `[a-z]`, `[!a]`, `{a,b}`, `\\` takes the next
/// character as it is. The whole path must match. Never exponential in the pattern.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view path);
/// The leading folders of a pattern that hold no special character: where a search for it begins. "src/**/x.py" → "src".
[[nodiscard]] std::string glob_base(std::string_view pattern);

}  // namespace devinit::config
