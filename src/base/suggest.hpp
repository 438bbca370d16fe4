#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devinit {

/// The candidate nearest to what the user typed (Damerau-Levenshtein distance of at most 1 for two to four letters, 2 for
/// up to seven, else 3), for "did you mean …?". Nothing when none is near. Ties go to the first candidate.
[[nodiscard]] std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace devinit
