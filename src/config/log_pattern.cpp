#include "config/log_pattern.hpp"

#include <boost/regex.hpp>

namespace devinit::config {
namespace {

using boost::regex_constants::error_type;

struct Description {
  error_type code;
  const char* text;
};

/// In words of our own: the library's name its own options.
const char* describe(error_type code) {
  using namespace boost::regex_constants;
  static constexpr Description kKnown[] = {
      {error_paren, "a `(` or `)` without the other"},
      {error_brack, "a `[` that is never closed"},
      {error_brace, "a `{` that is never closed"},
      {error_badbrace, "a number of repetitions that is none"},
      {error_range, "a range of characters that is none"},
      {error_badrepeat, "a repetition of nothing"},
      {error_escape, "an escape that does not exist"},
      {error_ctype, "a class or range of characters that does not exist"},
      {error_backref, "a reference to a group that does not exist"},
      {error_complexity, "too large or too deep"},
      {error_space, "too large or too deep"},
  };
  for (const auto& known : kKnown) {
    if (known.code == code) return known.text;
  }
  return "not understood";
}

}  // namespace

std::optional<PatternMistake> find_pattern_mistake(const std::string& pattern) {
  constexpr std::size_t kLongest = 2000;
  if (pattern.size() > kLongest) return PatternMistake{"longer than " + std::to_string(kLongest) + " bytes", ""};
  try {
    const boost::regex compiled(pattern, boost::regex::ECMAScript);
    return std::nullopt;
  } catch (const boost::regex_error& error) {
    return PatternMistake{describe(error.code()), "at character " + std::to_string(error.position() + 1) +
                                                      " of the pattern; a special character itself is written \\\\( in JSON"};
  } catch (const std::exception&) {
    return PatternMistake{"too large or too deep", ""};
  }
}

}  // namespace devinit::config
