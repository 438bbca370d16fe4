#include "config/log_pattern.hpp"

#include <catch2/catch.hpp>

using namespace devinit::config;

TEST_CASE("a regular expression is taken as it is") {
  const auto pattern =
      GENERATE(as<std::string>{}, "ready", "^Listening on .*:\\d+$", "a{2,3}|[a-z]+?", "(?:x)(?=y)", "\\(plain\\)", "é");
  CAPTURE(pattern);
  CHECK_FALSE(find_pattern_mistake(pattern));
}

TEST_CASE("what is no regular expression is said with its place") {
  const auto [pattern, what] = GENERATE(table<std::string, std::string>({
      {"a(b", "a `(` or `)` without the other"},
      {"a)", "a `(` or `)` without the other"},
      {"[a-", "a `[` that is never closed"},
      {"*a", "a repetition of nothing"},
      {"[z-a]", "a class or range of characters that does not exist"},
  }));
  CAPTURE(pattern);
  const auto mistake = find_pattern_mistake(pattern);
  REQUIRE(mistake);
  CHECK(mistake->what == what);
  CHECK(mistake->hint.rfind("at character ", 0) == 0);
}

TEST_CASE("a monstrous pattern is refused, not compiled") {
  CHECK(find_pattern_mistake(std::string(5000, 'a')));
  CHECK(find_pattern_mistake(std::string(1500, '(')));
}
