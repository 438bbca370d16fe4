#include "config/glob.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

namespace devinit::config {
namespace {

constexpr std::size_t kLongestPattern = 4096;
constexpr std::string_view kSpecial = "*?[{\\";

bool in_class(std::string_view name, unsigned char c) {
  using Test = int (*)(int);
  static constexpr std::array<std::pair<std::string_view, Test>, 12> kClasses{{{"alnum", std::isalnum},
                                                                               {"alpha", std::isalpha},
                                                                               {"blank", std::isblank},
                                                                               {"cntrl", std::iscntrl},
                                                                               {"digit", std::isdigit},
                                                                               {"graph", std::isgraph},
                                                                               {"lower", std::islower},
                                                                               {"print", std::isprint},
                                                                               {"punct", std::ispunct},
                                                                               {"space", std::isspace},
                                                                               {"upper", std::isupper},
                                                                               {"xdigit", std::isxdigit}}};
  for (const auto& [known, test] : kClasses) {
    if (name == known) return test(c) != 0;
  }
  return false;
}

/// "[a-z]" at some place of a pattern: where it ends, and whether it holds a character.
struct Bracket {
  std::size_t end;  ///< behind the `]`
  bool holds;
};

/// Nothing when the bracket has no end: then it is a character like any other. A `]` that comes first does not end it.
std::optional<Bracket> read_bracket(std::string_view pattern, std::size_t at, char c) {
  std::size_t i = at + 1;
  const bool inverted = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (inverted) ++i;
  const auto member = [&]() -> unsigned char {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    return static_cast<unsigned char>(pattern[i++]);
  };
  const auto wanted = static_cast<unsigned char>(c);
  bool found = false;
  for (const std::size_t first = i; i < pattern.size();) {
    if (pattern[i] == ']' && i != first) return Bracket{i + 1, found != inverted};
    if (pattern.substr(i).starts_with("[:")) {
      if (const auto end = pattern.find(":]", i + 2); end != std::string_view::npos) {
        found = found || in_class(pattern.substr(i + 2, end - i - 2), wanted);
        i = end + 2;
        continue;
      }
    }
    const unsigned char low = member();
    unsigned char high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      high = member();
    }
    found = found || (low <= wanted && wanted <= high);
  }
  return std::nullopt;
}

/// How the `{`, `,` and `}` of a pattern belong together. Groups may be nested.
class Groups {
 public:
  explicit Groups(std::string_view pattern) {
    if (pattern.find('{') == std::string_view::npos) return;
    marks_.resize(pattern.size());
    std::vector<std::vector<std::size_t>> open;  ///< of each group: its brace, then its commas
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == '\\') {
        ++i;
      } else if (c == '[') {
        if (const auto bracket = read_bracket(pattern, i, 0)) i = bracket->end - 1;
      } else if (c == '{') {
        open.push_back({i});
      } else if (c == ',' && !open.empty()) {
        open.back().push_back(i);
      } else if (c == '}' && !open.empty()) {
        close(open.back(), i);
        open.pop_back();
      }
    }
  }

  /// Behind the `}` of the group that the character at `i` is a part of, or 0 when it is an ordinary one.
  [[nodiscard]] std::size_t end_of(std::size_t i) const { return marks_.empty() ? 0 : marks_[i].end; }
  /// The comma after the brace or comma at `i`; 0 when there is none.
  [[nodiscard]] std::size_t next_comma(std::size_t i) const { return marks_[i].next_comma; }

 private:
  struct Mark {
    std::size_t end = 0;
    std::size_t next_comma = 0;
  };
  void close(const std::vector<std::size_t>& parts, std::size_t brace) {
    for (std::size_t i = 0; i < parts.size(); ++i) marks_[parts[i]] = {brace + 1, i + 1 < parts.size() ? parts[i + 1] : 0};
    marks_[brace] = {brace + 1, 0};
  }
  std::vector<Mark> marks_;
};

/// Goes through the path once with the set of all places of the pattern that the characters so far can have led to.
class Matching {
 public:
  explicit Matching(std::string_view pattern) : pattern_(pattern), groups_(pattern), reached_(pattern.size() + 1) {}

  bool run(std::string_view path) {
    begins_name_ = true;
    reach(0);
    for (const char c : path) {
      std::vector<std::size_t> before;
      before.swap(places_);
      if (before.empty()) return false;
      reached_.assign(reached_.size(), false);
      begins_name_ = c == '/';
      for (const auto place : before) consume(place, c);
    }
    return reached_[pattern_.size()];
  }

 private:
  /// `place` and what follows it without a character.
  void reach(std::size_t place) {
    if (reached_[place]) return;
    reached_[place] = true;
    if (place == pattern_.size()) return;
    const char c = pattern_[place];
    const bool grouping = (c == '{' || c == ',' || c == '}') && groups_.end_of(place) != 0;
    if (!grouping) places_.push_back(place);
    if (c == '*') {
      pass_stars(place);
    } else if (grouping && c == '{') {
      reach(place + 1);
      for (auto comma = groups_.next_comma(place); comma != 0; comma = groups_.next_comma(comma)) reach(comma + 1);
    } else if (grouping) {
      reach(groups_.end_of(place));
    }
  }

  void pass_stars(std::size_t place) {
    const auto end = end_of_stars(place);
    reach(end);
    const bool no_folder_at_all = end - place >= 2 && begins_name_ && end < pattern_.size() && pattern_[end] == '/';
    if (no_folder_at_all) reach(end + 1);
  }

  [[nodiscard]] std::size_t end_of_stars(std::size_t place) const {
    return std::min(pattern_.find_first_not_of('*', place), pattern_.size());
  }

  void consume(std::size_t place, char c) {
    const char wanted = pattern_[place];
    if (wanted == '*') {
      if (c != '/' || end_of_stars(place) - place >= 2) reach(place);
    } else if (wanted == '?') {
      if (c != '/') reach(place + 1);
    } else if (const auto bracket = wanted == '[' ? read_bracket(pattern_, place, c) : std::nullopt) {
      if (bracket->holds && c != '/') reach(bracket->end);
    } else if (wanted == '\\' && place + 1 < pattern_.size()) {
      if (pattern_[place + 1] == c) reach(place + 2);
    } else if (wanted == c) {
      reach(place + 1);
    }
  }

  std::string_view pattern_;
  Groups groups_;
  std::vector<std::size_t> places_;
  std::vector<bool> reached_;
  bool begins_name_ = true;  ///< the next character of the path is the first of a name
};

/// What every path that matches ends with. The slash of "**/" may be missing in the path.
std::string_view literal_ending(std::string_view pattern) {
  const auto last = pattern.find_last_of("*?[]{},\\");
  if (last == std::string_view::npos) return pattern;
  auto ending = pattern.substr(last + 1);
  // What follows a backslash is literal, but one before it may have been escaped itself: not worth a closer look.
  if (pattern[last] == '\\') return {};
  if (pattern[last] == '*' && ending.starts_with('/')) ending.remove_prefix(1);
  return ending;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  if (pattern.size() > kLongestPattern) return false;
  const auto special = pattern.find_first_of(kSpecial);
  if (special == std::string_view::npos) return pattern == path;
  // Nearly every question is answered by how the path begins or ends: a project has a hundred rules, and each path meets all of
  // them.
  if (!path.starts_with(pattern.substr(0, special))) return false;
  const auto ending = literal_ending(pattern);
  if (!path.ends_with(ending)) return false;
  if (pattern.size() == ending.size() + 1 && pattern[0] == '*')
    return path.substr(0, path.size() - ending.size()).find('/') == std::string_view::npos;
  return Matching(pattern).run(path);
}

std::optional<char> find_unclosed(std::string_view pattern) {
  std::size_t open = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (c == '[') {
      const auto bracket = read_bracket(pattern, i, 0);
      if (!bracket) return '[';
      i = bracket->end - 1;
    } else if (c == '{') {
      ++open;
    } else if (c == '}' && open > 0) {
      --open;
    }
  }
  return open > 0 ? std::optional('{') : std::nullopt;
}

std::string glob_base(std::string_view pattern) {
  const auto literal = pattern.substr(0, pattern.find_first_of(kSpecial));
  const auto slash = literal.rfind('/');
  return std::string(literal.substr(0, slash == std::string_view::npos ? 0 : slash));
}

}  // namespace devinit::config
