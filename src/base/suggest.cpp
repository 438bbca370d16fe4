#include "base/suggest.hpp"

#include <algorithm>

namespace devinit {
namespace {

/// Optimal string alignment distance: edits and swaps of neighbours, the usual slips of a typing hand.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 64;  // nobody mistypes a longer word; bounds the quadratic cost on hostile input
  if (typed.empty() || typed.size() > kLongest) return std::nullopt;
  std::size_t best = (typed.size() <= 1 ? 0 : typed.size() <= 4 ? 1 : typed.size() <= 7 ? 2 : 3) + 1;
  std::optional<std::string> found;
  for (const auto& candidate : candidates) {
    if (candidate.size() > kLongest) continue;
    const auto distance = edit_distance(typed, candidate);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace devinit
