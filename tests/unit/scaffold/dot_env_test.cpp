#include "scaffold/dot_env.hpp"

#include <catch2/catch.hpp>

using namespace devinit::scaffold;

TEST_CASE("values change and everything else stays") {
  const Variables wanted{{"PORT", "5001"}, {"NAME", "a-app1"}};
  CHECK(with_variables("# PORT=1\nPORT=1 # mine\n\nexport NAME='x'\nKEY=PORT=2\n", wanted, Missing::leave) ==
        "# PORT=1\nPORT=5001 # mine\n\nexport NAME=a-app1\nKEY=PORT=2\n");
  CHECK(with_variables("PORT = 1\r\nX=2\r\n", wanted, Missing::leave) == "PORT = 5001\r\nX=2\r\n");
  CHECK(with_variables("PORT=", wanted, Missing::leave) == "PORT=5001");
}

TEST_CASE("a line that says it already is not touched") {
  const std::string text = "PORT=\"5001\"\n";
  CHECK(with_variables(text, {{"PORT", "5001"}}, Missing::append) == text);
}

TEST_CASE("what is missing is appended in the text's way to end lines") {
  CHECK(with_variables("A=1", {{"PORT", "5001"}}, Missing::append) == "A=1\nPORT=5001\n");
  CHECK(with_variables("A=1\r\n", {{"PORT", "5001"}}, Missing::append) == "A=1\r\nPORT=5001\r\n");
  CHECK(with_variables("", {{"PORT", "5001"}}, Missing::append) == "PORT=5001\n");
  CHECK(with_variables("", {{"PORT", "5001"}}, Missing::leave).empty());
}

TEST_CASE("a value may go over several lines, which are no variables") {
  const std::string text = "KEY=\"first\nPORT=7\nlast\"\nPORT=1\n";
  CHECK(with_variables(text, {{"PORT", "5001"}}, Missing::append) == "KEY=\"first\nPORT=7\nlast\"\nPORT=5001\n");
  const auto port = find_variable(text, "PORT");
  REQUIRE(port);
  CHECK(port->value == "1");
  CHECK(port->line == 4);
}

TEST_CASE("the last line of a name counts") {
  const auto found = find_variable("A=1\nA='2' # two\n", "A");
  REQUIRE(found);
  CHECK(found->value == "2");
  CHECK(found->line == 2);
  CHECK_FALSE(find_variable("AB=1\n#A=2\n", "A"));
}

TEST_CASE("a user's lines survive a merge, new ones are added, devinit's get their values") {
  CHECK(merged("SECRET=mine\nPORT=1\n# a remark\n", "PORT=5001\nSECRET=\nNEW=x\n", {{"PORT", "5001"}}) ==
        "SECRET=mine\nPORT=5001\n# a remark\nNEW=x\n");
}
