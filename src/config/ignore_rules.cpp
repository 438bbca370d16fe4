#include "config/ignore_rules.hpp"

#include <algorithm>

#include "base/base_name.hpp"
#include "config/glob.hpp"

namespace devinit::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kAnyFolder = "**/";

/// Blanks at the end do not count, unless a backslash stands before them.
std::string_view without_trailing_blanks(std::string_view line) {
  while (line.ends_with(' ')) {
    const auto text = line.substr(0, line.size() - 1);
    const auto last_other = text.find_last_not_of('\\');
    const auto backslashes = text.size() - (last_other == std::string_view::npos ? 0 : last_other + 1);
    if (backslashes % 2 == 1) break;
    line = text;
  }
  return line;
}

/// What differs between the patterns of git and those of `glob_matches`: braces mean nothing, and asterisks cross folders only
/// where they are all there is between two slashes.
std::string as_glob(std::string_view pattern) {
  std::string glob;
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      glob.append(pattern.substr(i, 2));
      i += 2;
    } else if (pattern[i] == '{') {
      glob += "\\{";
      ++i;
    } else if (pattern[i] == '*') {
      const auto end = std::min(pattern.find_first_not_of('*', i), pattern.size());
      const bool alone = (i == 0 || pattern[i - 1] == '/') && (end == pattern.size() || pattern[end] == '/');
      glob += alone && end - i == 2 ? "**" : "*";
      i = end;
    } else {
      glob += pattern[i++];
    }
  }
  return glob;
}

}  // namespace

void IgnoreRules::add(const std::string& folder, std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    add_line(folder, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void IgnoreRules::add_line(const std::string& folder, std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with('#')) return;
  line = without_trailing_blanks(line);
  Rule rule;
  rule.folder = folder;
  rule.negated = line.starts_with('!');
  if (rule.negated) line.remove_prefix(1);
  rule.folders_only = line.ends_with('/');
  if (rule.folders_only) line.remove_suffix(1);
  const bool bound = line.find('/') != std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (line.empty()) return;
  rule.pattern = (bound ? "" : std::string(kAnyFolder)) + as_glob(line);
  rules_.push_back(std::move(rule));
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (verdict(path.substr(0, slash), true)) return true;
  }
  return verdict(path, is_folder);
}

bool IgnoreRules::verdict(std::string_view path, bool is_folder) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    if (applies(*rule, path)) return !rule->negated;
  }
  return false;
}

bool IgnoreRules::applies(const Rule& rule, std::string_view path) {
  if (!rule.folder.empty()) {
    if (path.size() <= rule.folder.size() || !path.starts_with(rule.folder) || path[rule.folder.size()] != '/') return false;
    path.remove_prefix(rule.folder.size() + 1);
  }
  const std::string_view pattern = rule.pattern;
  // Most rules are a mere name: to look at the last name of the path is the same and cheaper.
  const bool any_folder = pattern.starts_with(kAnyFolder);
  if (any_folder && pattern.find('/', kAnyFolder.size()) == std::string_view::npos) {
    return glob_matches(pattern.substr(kAnyFolder.size()), base_name(path));
  }
  return glob_matches(pattern, path);
}

}  // namespace devinit::config
