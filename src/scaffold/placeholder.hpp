#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace devinit::scaffold {

/// `{{name}}`, or with blanks `{{ name }}`: a name is a letter or `_`, then letters, digits and `_`. Everything else between
/// braces is somebody else's text: `{{ user.name }}`, `{{ color: 'red' }}`, `{{/each}}`; so is `${{name}}`, which is a
/// workflow's expression. Doubled braces, `{{{{name}}}}`, stand for the text `{{name}}`. Of further braces the innermost count:
/// `{{{port}}}` is `{5001}`.
struct Placeholder {
  std::string_view name;
  std::size_t offset = 0;  ///< of the first brace
  std::size_t length = 0;  ///< braces included
  bool escaped = false;
};

/// The next placeholder at or after `from`; nothing when there is none. Linear in the text that it passes.
[[nodiscard]] std::optional<Placeholder> next_placeholder(std::string_view text, std::size_t from) noexcept;

/// What stands for a name; nothing for a name that is not known.
using ValueOf = std::function<std::optional<std::string>(std::string_view name)>;
/// Replaces every placeholder that has a value and keeps the others; escaped ones lose their outer braces. Values are not read
/// again.
[[nodiscard]] std::string fill(std::string_view text, const ValueOf& value_of);

}  // namespace devinit::scaffold
