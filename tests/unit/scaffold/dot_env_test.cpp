#include "scaffold/dot_env.hpp"

#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::scaffold;

namespace {

std::string set(const std::string& text, const Variables& variables, Missing missing) {
  const auto result = with_variables(text, ".env", variables, missing);
  if (result.has_error()) FAIL(result.error().message);
  return *result;
}

}  // namespace

TEST_CASE("values change and everything else stays") {
  const Variables wanted{{"PORT", "5001"}, {"NAME", "a-app1"}};
  CHECK(set("# PORT=1\nPORT=1 # mine\n\nexport NAME='x'\nKEY=PORT=2\n", wanted, Missing::leave) ==
        "# PORT=1\nPORT=5001 # mine\n\nexport NAME=a-app1\nKEY=PORT=2\n");
  CHECK(set("PORT = 1\r\nX=2\r\n", wanted, Missing::leave) == "PORT = 5001\r\nX=2\r\n");
  CHECK(set("PORT=", wanted, Missing::leave) == "PORT=5001");
}

TEST_CASE("a line that says it already is not touched") {
  const std::string text = "PORT=\"5001\"\n";
  CHECK(set(text, {{"PORT", "5001"}}, Missing::append) == text);
}

TEST_CASE("what is missing is appended in the text's way to end lines") {
  CHECK(set("A=1", {{"PORT", "5001"}}, Missing::append) == "A=1\nPORT=5001\n");
  CHECK(set("A=1\r\n", {{"PORT", "5001"}}, Missing::append) == "A=1\r\nPORT=5001\r\n");
  CHECK(set("", {{"PORT", "5001"}}, Missing::append) == "PORT=5001\n");
  CHECK(set("", {{"PORT", "5001"}}, Missing::leave).empty());
}

TEST_CASE("a value may go over several lines, which are no variables") {
  const std::string text = "KEY=\"first\nPORT=7\nlast\"\nPORT=1\n";
  CHECK(set(text, {{"PORT", "5001"}}, Missing::append) == "KEY=\"first\nPORT=7\nlast\"\nPORT=5001\n");
  const auto document = config::read_env(text, ".env");
  const auto* port = find_variable(document.entries, "PORT");
  REQUIRE(port != nullptr);
  CHECK(port->value == "1");
  CHECK(port->line == 4);
  CHECK_FALSE(spans_lines(text, *port));
  CHECK(spans_lines(text, document.entries.front()));
}

TEST_CASE("a value over several lines is never replaced") {
  const auto result = with_variables("PORT=\"1\n2\"\n", ".env", {{"PORT", "5001"}}, Missing::append);
  REQUIRE(result.has_error());
  CHECK(result.error().message.starts_with(".env:1: the value of PORT"));
}

TEST_CASE("a text with mistakes is never edited") {
  const std::string text =
      GENERATE(as<std::string>(), "PORT=\"1\nSECRET=x\n", "PORT='1\nA=2\n", "PORT='1' x\n", "what\nPORT=1\n");
  const auto result = with_variables(text, ".env", {{"PORT", "5001"}}, Missing::append);
  REQUIRE(result.has_error());
  CHECK(result.error().message.starts_with(".env:1:"));
  CHECK(merged(text, "A=1\n", ".env", {}).has_error());
}

TEST_CASE("what is written is what a reader sees, also with a comment right behind the value") {
  const std::string text = GENERATE(as<std::string>(), "PORT=#8001\n", "PORT=\t #8001\n", "PORT='1'#c\n", "PORT=\"\\x1\"# c",
                                    "PORT=1#2\n", "PORT=  # c\r\n", "\xEF\xBB\xBFPORT=1\n", "PORT=x\nPORT=1\n");
  const auto edited = set(text, {{"PORT", "5001"}}, Missing::append);
  INFO(edited);
  const auto document = config::read_env(edited, ".env");
  REQUIRE(document.diagnostics.empty());
  for (const auto& entry : document.entries) CHECK(entry.value == "5001");
  CHECK(std::count(edited.begin(), edited.end(), '#') ==
        (text.find("1#2") == 5 ? 0 : std::count(text.begin(), text.end(), '#')));
}

TEST_CASE("the last line of a name counts") {
  const auto document = config::read_env("A=1\nA='2' # two\n", ".env");
  const auto* found = find_variable(document.entries, "A");
  REQUIRE(found != nullptr);
  CHECK(found->value == "2");
  CHECK(found->line == 2);
  CHECK(find_variable(config::read_env("AB=1\n#A=2\n", ".env").entries, "A") == nullptr);
}

TEST_CASE("a user's lines survive a merge, new ones are added, devinit's get their values") {
  const auto result =
      merged("SECRET=mine\nPORT=1\n# a remark\n", "PORT=5001\nSECRET=\nNEW='x y'\n", ".env", {{"PORT", "5001"}});
  REQUIRE(result.has_value());
  CHECK(*result == "SECRET=mine\nPORT=5001\n# a remark\nNEW='x y'\n");
}
