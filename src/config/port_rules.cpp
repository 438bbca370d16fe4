#include "config/port_rules.hpp"

#include <algorithm>
#include <charconv>

namespace devinit::config {
namespace {

const Pool* first_match(const std::vector<Pool>& pools, std::vector<std::string> Pool::*patterns,
                        std::string_view text) noexcept {
  const auto found = std::find_if(pools.begin(), pools.end(), [&](const Pool& pool) {
    return std::any_of((pool.*patterns).begin(), (pool.*patterns).end(),
                       [text](const std::string& pattern) { return matches(pattern, text); });
  });
  return found == pools.end() ? nullptr : &*found;
}

}  // namespace

const Pool* PortRules::find_pool(std::string_view name) const noexcept {
  const auto found = std::find_if(pools.begin(), pools.end(), [name](const Pool& pool) { return pool.name == name; });
  return found == pools.end() ? nullptr : &*found;
}

const Pool* PortRules::pool_for_model(std::string_view model) const noexcept {
  return first_match(pools, &Pool::models, model);
}

const Pool* PortRules::pool_for_project(std::string_view project) const noexcept {
  return first_match(pools, &Pool::projects, project);
}

PortRules merge(const PortRules& project, const PortRules& user) {
  PortRules merged = project;
  if (!merged.range) merged.range = user.range;
  merged.deny.insert(merged.deny.end(), user.deny.begin(), user.deny.end());
  std::copy_if(user.pools.begin(), user.pools.end(), std::back_inserter(merged.pools),
               [&](const Pool& pool) { return project.find_pool(pool.name) == nullptr; });
  std::copy_if(user.apps.begin(), user.apps.end(), std::back_inserter(merged.apps), [&](const AppEntry& entry) {
    return std::none_of(project.apps.begin(), project.apps.end(),
                        [&](const AppEntry& own) { return own.model == entry.model && own.app == entry.app; });
  });
  return merged;
}

bool matches(std::string_view pattern, std::string_view text) noexcept {
  // Only the last `*` is ever tried again, so that no pattern takes exponential time.
  std::size_t in_pattern = 0;
  std::size_t in_text = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t retry = 0;
  while (in_text < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      after_star = ++in_pattern;
      retry = in_text;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[in_text]) {
      ++in_pattern;
      ++in_text;
    } else if (after_star != std::string_view::npos) {
      in_pattern = after_star;
      in_text = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

bool is_role_name(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 64;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::optional<std::int64_t> parse_app_number(std::string_view text) noexcept {
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number > kLargest) return std::nullopt;
  return number;
}

}  // namespace devinit::config
