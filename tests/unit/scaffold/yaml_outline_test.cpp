#include "scaffold/yaml_outline.hpp"

#include <catch2/catch.hpp>

using namespace devinit::scaffold;

namespace {

/// The whole outline in one line: {key: text, list: [a, b]}.
std::string shown(const YamlNode& node, const std::string& text) {
  std::string inner;
  switch (node.kind) {
    case YamlNode::Kind::nothing:
      return "-";
    case YamlNode::Kind::alias:
      return "*" + text.substr(node.begin, node.end - node.begin);
    case YamlNode::Kind::scalar:
      return node.is_literal ? text.substr(node.begin, node.end - node.begin) : "…";
    case YamlNode::Kind::list:
      for (const auto& item : node.items) inner += (inner.empty() ? "" : ", ") + shown(item, text);
      return "[" + inner + "]";
    case YamlNode::Kind::mapping:
      for (const auto& [key, value] : node.members) inner += (inner.empty() ? "" : ", ") + key + ": " + shown(value, text);
      return "{" + inner + "}";
  }
  return "";
}

std::string outline_of(const std::string& text) {
  const auto outline = read_yaml(text);
  return outline.unreadable_line > 0 ? "line " + std::to_string(outline.unreadable_line) : shown(outline.root, text);
}

}  // namespace

TEST_CASE("block style follows the indentation") {
  CHECK(outline_of("a:\n  b: 1 # c\n  'd e': \"x # y\"\nf:\n- g\n-  h: 2\n   i: 3\n- - j\nk:\nl: m#n\r\n") ==
        "{a: {b: 1, d e: x # y}, f: [g, {h: 2, i: 3}, [j]], k: -, l: m#n}");
  CHECK(outline_of("%YAML 1.2\n--- # start\na: b\n") == "{a: b}");
  CHECK(outline_of("").starts_with("-"));
  CHECK(outline_of("x") == "x");
}

TEST_CASE("flow style may go over several lines") {
  CHECK(outline_of("a: [1, 'b, c', {d: e, \"f\":g},\n # x\n]\nh: {}\ni: {j, k: }\n") ==
        "{a: [1, b, c, {d: e, f: g}], h: {}, i: {j: -, k: -}}");
  CHECK(outline_of("ports: [8001:80]\n") == "{ports: [8001:80]}");
}

TEST_CASE("texts over several lines are passed over") {
  CHECK(outline_of("a: |\n  ports:\n\n    - 1\nb: >-\n x\nc: one\n  two\nd: \"x\n y\"\ne: 1\n") ==
        "{a: …, b: …, c: …, d: …, e: 1}");
  CHECK(outline_of("- |\n x\n- y\n") == "[…, y]");
}

TEST_CASE("anchors and aliases are named, tags passed over") {
  const std::string text = "a: &x\n  b: 1\nc: *x\nd: !override\n  - 2\ne: &y [3]\nf: !!str 4\n";
  CHECK(outline_of(text) == "{a: {b: 1}, c: *x, d: [2], e: [3], f: 4}");
  const auto outline = read_yaml(text);
  REQUIRE(outline.anchors.size() == 2);
  CHECK(outline.anchors.at("x").find("b") != nullptr);
}

TEST_CASE("what is not read is told by its line") {
  CHECK(outline_of("a: 1\n? b\n: c\n") == "line 2");
  CHECK(outline_of("a: 1\n---\nb: 2\n") == "line 2");
  CHECK(outline_of("a: [1, 2\n") == "line 2");
  CHECK(outline_of("a: 'x\n") == "line 2");
  CHECK(outline_of("a: 1\n   b: 2\nc: 3\n d: 4\n") == "{a: …, c: …}");
  CHECK(outline_of("a:\n    b: 2\n  c: 3\n") == "line 3");
  CHECK(outline_of("a: [${X}]\n") == "line 1");
}

TEST_CASE("depth has a limit and no text takes long") {
  CHECK(outline_of(std::string(100'000, '[')).starts_with("line"));
  CHECK(outline_of(std::string(100'000, '{')).starts_with("line"));
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  CHECK(outline_of(dashes).starts_with("line"));
  std::string anchors;
  for (int i = 0; i < 100'000; ++i) anchors += "&a ";
  CHECK(outline_of(anchors).starts_with("line"));
}
