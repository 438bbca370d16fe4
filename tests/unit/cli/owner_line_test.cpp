#include "cli/owner_line.hpp"

#include <catch2/catch.hpp>

using devinit::cli::parse_app_number;
using devinit::cli::parse_owner_line;

namespace {

std::string read(std::string_view line) {
  const auto owner = parse_owner_line(line);
  if (!owner) return "error";
  return *owner ? (*owner)->model + "|" + std::to_string((*owner)->app) : "nothing";
}

}  // namespace

TEST_CASE("an owner line is a model and a number in any of three forms") {
  CHECK(read("gpt-5 3") == "gpt-5|3");
  CHECK(read("gpt-5\t3") == "gpt-5|3");
  CHECK(read("a model with blanks 12") == "a model with blanks|12");
  CHECK(read(R"({"model": "a \"b\"; c", "app": 7})") == "a \"b\"; c|7");
  CHECK(read("gpt-5 3\r") == "gpt-5|3");
}

TEST_CASE("empty lines and comments name nobody") {
  CHECK(read("") == "nothing");
  CHECK(read(" \t\r") == "nothing");
  CHECK(read("# gpt-5 3") == "nothing");
}

TEST_CASE("a line that names no owner is an error, and nothing is guessed") {
  for (const char* line : {"gpt-5", "gpt-5 0", "gpt-5 -1", "gpt-5 01", "gpt-5 1.0", "gpt-5 9007199254740993", "3", "{}", "{\"model\": \"a\"}",
                           "{\"model\": \"a\", \"app\": \"1\"}", "{\"model\": \"a\", \"app\": 1.0}", "{\"model\": \"a\", \"app\": 1, \"x\": 2}",
                           "{\"model\": \"\", \"app\": 1}", "{\"model\": \"a\\nb\", \"app\": 1}", "{\"model\": 1, \"app\": 1}", "{"}) {
    CAPTURE(line);
    CHECK(read(line) == "error");
  }
}

TEST_CASE("an app number is 1 to 2^53 in plain digits") {
  CHECK(parse_app_number("1") == 1);
  CHECK(parse_app_number("9007199254740992") == 9007199254740992);
  CHECK_FALSE(parse_app_number("9007199254740993"));
  CHECK_FALSE(parse_app_number("99999999999999999999"));
  CHECK_FALSE(parse_app_number("+1"));
  CHECK_FALSE(parse_app_number(""));
}
