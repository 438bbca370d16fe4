#pragma once

#include <optional>
#include <string>

namespace devinit::config {

/// Why a text is no regular expression of the ECMAScript syntax.
struct PatternMistake {
  std::string what;
  std::string hint;  ///< where, in characters of the pattern
};
[[nodiscard]] std::optional<PatternMistake> find_pattern_mistake(const std::string& pattern);

}  // namespace devinit::config
