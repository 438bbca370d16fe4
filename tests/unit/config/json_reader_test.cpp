#include "config/json_reader.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace devinit::config;
using Kind = JsonValue::Kind;

namespace {

JsonDocument parse(std::string_view text) { return parse_json(text, "f", Comments::no); }

std::string mistakes(const JsonDocument& document) {
  return document.diagnostics.empty() ? "" : to_error(document.diagnostics).message;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

constexpr const char* kExample = R"(// a comment
{
  "name": "sh\u00f6p \ud83d\ude00 \"\\\/\b\f\n\r\t", /* another */
  "ports": [8000, -0.5e+10, 0, 1E2],
  "nested": {"a": {"b": [true, false, null, [], {}]}},
  "empty": ""
}
)";

}  // namespace

TEST_CASE("a JSON text is read with its order, its spelling of numbers and its positions") {
  const auto document = parse_json(kExample, "f", Comments::yes);
  REQUIRE(mistakes(document) == "");
  REQUIRE(document.complete);
  const JsonValue& root = document.value;
  REQUIRE(root.kind == Kind::object);
  REQUIRE(root.members.size() == 4);
  CHECK(root.line == 2);
  CHECK(root.find("name")->text == "shöp 😀 \"\\/\b\f\n\r\t");
  const auto& ports = root.find("ports")->items;
  REQUIRE(ports.size() == 4);
  CHECK(ports[0].text == "8000");
  CHECK(ports[1].text == "-0.5e+10");
  CHECK(ports[1].line == 4);
  CHECK(ports[1].column == 19);
  CHECK(root.member_positions[1] == std::pair(4, 3));
  const auto& deep = root.find("nested")->find("a")->find("b")->items;
  REQUIRE(deep.size() == 5);
  CHECK(deep[0].boolean);
  CHECK(deep[2].kind == Kind::null);
  CHECK(deep[4].kind == Kind::object);
  CHECK(root.find("missing") == nullptr);
}

TEST_CASE("a BOM and every kind of line ending are fine and count as lines") {
  const std::string text = GENERATE("\xEF\xBB\xBF{\"a\":\n1}", "{\"a\":\r\n1}", "{\"a\":\r1}", "{\"a\":\n1}");
  const auto document = parse(text);
  REQUIRE(mistakes(document) == "");
  CHECK(document.value.find("a")->line == 2);
  CHECK(document.value.find("a")->column == 1);
}

TEST_CASE("a comment ends at any kind of line ending") {
  const std::string text = GENERATE("// x\r1", "// x\n1", "// x\r\n1", "/* x\n */1", "1 // x", "1 /**/");
  const auto document = parse_json(text, "f", Comments::yes);
  CHECK(mistakes(document) == "");
  CHECK(document.value.text == "1");
}

TEST_CASE("a mistake of syntax is said once, with its place") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"", "f:1:1: the file is empty"},
      {" \n ", "f:2:2: the file is empty"},
      {"{", "f:1:2: the file ends before the `{` of line 1 is closed"},
      {"[1,\n", "f:2:1: the file ends before the `[` of line 1 is closed"},
      {"{\"a\"", "f:1:5: expected `:` after the key `a`"},
      {"{\"a\":", "f:1:6: the file ends before the value of `a`"},
      {"{\"a\": 1,}", "f:1:8: a trailing comma before `}`"},
      {"[1, ]", "f:1:3: a trailing comma before `]`"},
      {"[1 2]", "f:1:4: expected `,` or `]`, found `2`"},
      {"{\"a\": 1 \"b\": 2}", "f:1:9: expected `,` or `}`, found `\"`"},
      {"{a: 1}", "f:1:2: expected a key in double quotes, found `a`"},
      {"{'a': 1}", "f:1:2: expected a key in double quotes, found `'`"},
      {"['a']", "f:1:2: a string in single quotes"},
      {"[,]", "f:1:2: expected a value, found `,`"},
      {"{} {}", "f:1:4: the file should end here, found `{`"},
      {"\"abc", "f:1:1: a string without its closing quote"},
      {"\"abc\ndef\"", "f:1:1: a string without its closing quote"},
      {"\"a\tb\"", "f:1:3: a control character in a string"},
      {"\"\\x\"", "f:1:2: an unknown escape in a string"},
      {"\"\\u12\"", "f:1:2: an unfinished escape in a string"},
      {"\"\\u0000\"", "f:1:2: a NUL character in a string"},
      {"\"\\ud800\"", "f:1:2: half of a surrogate pair in a string"},
      {"\"\\ud800\\u0041\"", "f:1:2: half of a surrogate pair in a string"},
      {"\"\\udc00\"", "f:1:2: half of a surrogate pair in a string"},
      {"// x\n{}", "f:1:1: comments are not allowed in this file"},
      {"{/* x */}", "f:1:2: comments are not allowed in this file"},
      {"\x1b[31m", "f:1:1: expected a value, found `\\u001B`"},
      {"\xFF\xFE{\0", "f:1:1: the file is UTF-16"},
      {"{\"a\":\n \"\xC3\"}", "f:2:3: bytes that are not UTF-8"},
      {"\"\xC0\x80\"", "f:1:2: bytes that are not UTF-8"},
      {"\"\xED\xA0\x80\"", "f:1:2: bytes that are not UTF-8"},
      {"\"\xF4\x90\x80\x80\"", "f:1:2: bytes that are not UTF-8"},
      {"\"\xE2\x82", "f:1:2: bytes that are not UTF-8"},
  }));
  CAPTURE(text);
  const auto document = parse(text);
  CHECK_FALSE(document.complete);
  CHECK(document.diagnostics.size() == 1);
  CHECK(mistakes(document).rfind(expected, 0) == 0);
}

TEST_CASE("NUL bytes and UTF-16 without a mark are told apart") {
  CHECK(contains(mistakes(parse(std::string_view("{\"a\0\": 1}", 9))), "f:1:4: a NUL byte"));
  CHECK(contains(mistakes(parse(std::string_view("{\0}\0", 4))), "UTF-16"));
  CHECK(contains(mistakes(parse(std::string_view("\0{\0}", 4))), "UTF-16"));
  CHECK(contains(mistakes(parse(std::string_view("\0\0\0", 3))), "f:1:1: a NUL byte"));
}

TEST_CASE("a number that is not JSON is reported, and the rest is read") {
  const std::string word =
      GENERATE("010", "+1", ".5", "1.", "1e", "1e+", "0x10", "-", "--1", "1.2.3", "3000px", "True", "NaN", "undefined");
  CAPTURE(word);
  const auto document = parse("{\"a\": " + word + ", \"b\": " + word + "}");
  CHECK(document.complete);
  CHECK(document.diagnostics.size() == 2);
  REQUIRE(document.value.find("a") != nullptr);
  CHECK(document.value.find("a")->kind == Kind::number);
  CHECK(document.value.find("a")->text.empty());
}

TEST_CASE("every duplicate key is reported, and the first of each is kept") {
  const auto document = parse("{\"a\": 1,\n\"b\": 2,\n\"a\": 3,\n\"a\": 4,\n\"c\": {\"x\": 1, \"x\": 2}}");
  CHECK(document.complete);
  REQUIRE(document.diagnostics.size() == 3);
  CHECK(contains(mistakes(document), "f:3:1: `a` is here twice (the first is in line 1)\nf:4:1: `a` is here twice"));
  REQUIRE(document.value.members.size() == 3);
  CHECK(document.value.find("a")->text == "1");
  CHECK(document.value.member_positions[2] == std::pair(5, 1));
}

TEST_CASE("nesting of 64 levels is read and one more is not") {
  CHECK(parse(repeat("[", 64) + repeat("]", 64)).diagnostics.empty());
  const auto document = parse(repeat("[", 65) + repeat("]", 65));
  CHECK(contains(mistakes(document), "f:1:65: nested deeper than 64 levels"));
  CHECK(contains(mistakes(parse(repeat("{\"a\":", 65))), "nested deeper than 64 levels"));
}

TEST_CASE("hostile sizes end at once") {
  CHECK(contains(mistakes(parse(repeat("[", 5'000'000))), "more than 1 MiB"));
  CHECK(contains(mistakes(parse(repeat("[", 1'000'000))), "nested deeper than 64 levels"));
  CHECK(contains(mistakes(parse(std::string(kLargestJson, ' '))), "the file is empty"));
  CHECK(contains(mistakes(parse("\"" + std::string(kLargestJson - 1, 'a'))), "without its closing quote"));
  CHECK(parse_json("1 /*" + repeat("/*", 400'000), "f", Comments::yes).diagnostics.size() == 1);
}

TEST_CASE("a text cut off anywhere is a mistake and never anything worse") {
  const std::string whole(kExample);
  const std::size_t end = whole.rfind('}');
  for (std::size_t length = 0; length <= end; ++length) {
    const auto document = parse_json(whole.substr(0, length), "f", Comments::yes);
    if (document.diagnostics.empty() || document.complete) FAIL("cut at byte " << length << " was accepted");
  }
}

TEST_CASE("random damage is survived") {
  std::mt19937 random(20'240'229);  // the same damage in every run
  const std::string_view spice = "{}[]\",:\\u0/*-+.e \n\r\x00\x7F\xC3\xE2\xFF";
  for (int round = 0; round < 2000; ++round) {
    std::string text(kExample);
    for (auto damage = random() % 4 + 1; damage > 0; --damage) {
      const std::size_t at = random() % text.size();
      const char c = spice[random() % spice.size()];
      if (random() % 2 == 0) {
        text[at] = c;
      } else {
        text.insert(at, 1, c);
      }
    }
    const auto document = parse_json(text, "f", random() % 2 == 0 ? Comments::yes : Comments::no);
    if (!document.complete && document.diagnostics.empty()) FAIL("neither read nor reported: " << text);
  }
}
