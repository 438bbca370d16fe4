#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devinit::config {

/// Whether a path (relative, with `/`) matches a pattern: `*` and `?` within a folder, `**` across folders, `[a-z]`, `[!a]`, `[[:digit:]]`, `{a,b}`;
/// `\` takes the next character as it is. The whole path must match. `a/**/b` matches `a/b`, `a/**` all below `a`, but not `a`. Names that begin
/// with a dot are nothing special; a bracket or brace without its end stands for itself; `?` is one byte. A pattern of more than 4,096 bytes, the
/// longest path there is, matches nothing. Never exponential in the pattern: the time is at most pattern times path.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view path);
/// The bracket or brace of a pattern that is never closed, `[` or `{`: where people write patterns, a slip.
[[nodiscard]] std::optional<char> find_unclosed(std::string_view pattern);
/// The leading folders of a pattern that hold no special character: where a search for it begins. "src/**/x.py" → "src", "src/x.py" → "src".
[[nodiscard]] std::string glob_base(std::string_view pattern);

}  // namespace devinit::config
