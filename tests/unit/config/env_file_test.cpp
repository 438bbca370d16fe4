#include <catch2/catch.hpp>

#include "config/templates.hpp"

using namespace devinit;
using namespace devinit::config;

namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

Variables parsed(std::string_view text) {
  const Result<Variables> result = parse_env_file(text, ".env");
  if (result.has_error()) FAIL(result.error().message);
  return *result;
}

}  // namespace

TEST_CASE("an env file holds names, values and comments") {
  CHECK(parsed("").empty());
  CHECK(parsed("A=1\n\n# comment\n  B = two words  # why\r\nexport C=x#y\nD=\nexport=5\nURL=a=b") ==
        Variables{{"A", "1"}, {"B", "two words"}, {"C", "x#y"}, {"D", ""}, {"export", "5"}, {"URL", "a=b"}});
  CHECK(parsed("\xEF\xBB\xBF"
               "A=1") == Variables{{"A", "1"}});
}

TEST_CASE("quotes in an env file keep blanks, comments and line breaks") {
  CHECK(parsed("A=' # $X \\n '  # comment\nB=\"a\\n\\\"b\\\" \\$x \\d\"\nC=\"one\ntwo\"\nD=''") ==
        Variables{{"A", " # $X \\n "}, {"B", "a\n\"b\" $x \\d"}, {"C", "one\ntwo"}, {"D", ""}});
}

TEST_CASE("all mistakes of an env file are reported with their places") {
  const Result<Variables> result = parse_env_file("1A=1\nB\nC='x' y\nD=ok\nE=\"never closed\n", ".env");
  REQUIRE(result.has_error());
  CHECK(result.error().code == Errc::config);
  for (const char* place : {".env:1:1:", ".env:2:2:", ".env:3:7:", ".env:5:3:"}) {
    INFO(place << "\n" << result.error().message);
    CHECK(result.error().message.find(place) != std::string::npos);
  }
}

TEST_CASE("a NUL byte in an env file is refused, because no environment can carry it") {
  CHECK(parse_env_file(std::string_view("A=x\0y", 5), ".env").has_error());
  CHECK(parse_env_file(std::string_view("A='x\0y'", 7), ".env").has_error());
}

TEST_CASE("a value is found where it is written, quotes included") {
  const std::string text = "\xEF\xBB\xBF" "A = one two \t# why\r\nexport B='x y' # c\nC=\nD= #e\nE=\"1\n2\"\nF=#x";
  const EnvDocument document = read_env(text, ".env");
  REQUIRE(document.diagnostics.empty());
  std::vector<std::string> written;
  for (const auto& entry : document.entries) written.push_back(text.substr(entry.value_begin, entry.value_end - entry.value_begin));
  CHECK(written == std::vector<std::string>{"one two", "'x y'", "", "", "\"1\n2\"", ""});
}

TEST_CASE("mistakes are told line by line, and the other lines are read") {
  const EnvDocument document = read_env("A=1\nB\nC=3\n", ".env");
  REQUIRE(document.diagnostics.size() == 1);
  CHECK(document.diagnostics.front().line == 2);
  CHECK(document.entries.size() == 2);
}
