#include "config/json_merge.hpp"

#include <catch2/catch.hpp>

using namespace devinit::config;

namespace {

JsonValue json(std::string_view text, int file = 0) {
  auto document = parse_json(text, "f", Comments::no);
  REQUIRE(document.diagnostics.empty());
  set_file(document.value, file);
  return std::move(document.value);
}

std::string plain(const JsonValue& value) {
  using Kind = JsonValue::Kind;
  if (value.kind == Kind::null) return "null";
  if (value.kind == Kind::boolean) return value.boolean ? "true" : "false";
  if (value.kind == Kind::number) return value.text;
  if (value.kind == Kind::string) return '"' + value.text + '"';
  std::string text;
  for (const auto& item : value.items) text += (text.empty() ? "" : ",") + plain(item);
  if (value.kind == Kind::array) return "[" + text + "]";
  for (const auto& [key, member] : value.members) text += (text.empty() ? "\"" : ",\"") + key + "\":" + plain(member);
  return "{" + text + "}";
}

}  // namespace

TEST_CASE("objects are merged deeply, everything else is replaced") {
  const auto [base, overlay, merged] = GENERATE(table<std::string, std::string, std::string>({
      {R"({})", R"({"a": 1})", R"({"a":1})"},
      {R"({"a": 1})", R"({})", R"({"a":1})"},
      {R"({"a": 1, "b": 2})", R"({"c": 3, "a": 4})", R"({"a":4,"b":2,"c":3})"},
      {R"({"a": {"b": 1, "c": {"d": 2}}})", R"({"a": {"c": {"e": 3}}})", R"({"a":{"b":1,"c":{"d":2,"e":3}}})"},
      {R"({"a": [1, 2]})", R"({"a": [3]})", R"({"a":[3]})"},
      {R"({"a": {"b": 1}})", R"({"a": "x"})", R"({"a":"x"})"},
      {R"({"a": "x"})", R"({"a": {"b": 1}})", R"({"a":{"b":1}})"},
      {R"({"a": 1, "b": 2, "c": 3})", R"({"a": null, "c": null})", R"({"b":2})"},
      {R"({"a": {"b": 1}})", R"({"a": {"b": null}})", R"({"a":{}})"},
      {R"({"a": 1})", R"({"b": null})", R"({"a":1})"},
      {R"({"a": 1})", R"({"b": {"c": null, "d": {"e": null}, "f": [null]}})", R"({"a":1,"b":{"d":{},"f":[null]}})"},
      {R"({"a": 1})", R"({"a": {"b": null, "c": 2}})", R"({"a":{"c":2}})"},
      {R"({"a": null})", R"({"a": null})", R"({})"},
  }));
  CAPTURE(base, overlay);
  JsonValue value = json(base);
  merge_members(value, json(overlay));
  CHECK(plain(value) == merged);
  CHECK(value.members.size() == value.member_positions.size());
}

TEST_CASE("what was merged or replaced stands where the overlay has it") {
  JsonValue value = json(R"({"kept": 1, "replaced": 2, "merged": {"inner": 3}})", 0);
  merge_members(value, json("\n{\"replaced\": 5,\n \"merged\": {}}", 7));
  CHECK(value.file == 0);
  CHECK(value.find("kept")->file == 0);
  CHECK(value.find("replaced")->file == 7);
  CHECK(value.find("replaced")->line == 2);
  CHECK(value.find("merged")->file == 7);
  CHECK(value.member_positions[2] == std::pair(3, 2));
  CHECK(value.find("merged")->find("inner")->file == 0);
}

TEST_CASE("a member is taken away with its position") {
  JsonValue value = json(R"({"a": 1, "b": 2})");
  remove_member(value, "a");
  remove_member(value, "c");
  CHECK(plain(value) == R"({"b":2})");
  CHECK(value.member_positions == std::vector<std::pair<int, int>>{{1, 10}});
}

TEST_CASE("a hundred thousand keys are merged in a moment") {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  text += "}";
  JsonValue value = parse_json(text, "f", Comments::no, 1U << 24).value;
  merge_members(value, parse_json(text, "f", Comments::no, 1U << 24).value);
  CHECK(value.members.size() == 100'000);
}
