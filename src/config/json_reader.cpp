#include "config/json_reader.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

#include "config/json_lexer.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

constexpr int kDeepest = 64;
constexpr std::string_view kBom = "\xEF\xBB\xBF";

struct RepeatedKey {
  std::string key;
  JsonLexer::Position at;
  int first_line;
};

/// Keeps the first of each key and returns the others. Sorts, because a hostile file may have a hundred thousand keys.
std::vector<RepeatedKey> drop_duplicates(JsonValue& object) {
  auto& members = object.members;
  auto& positions = object.member_positions;
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return members[a].first < members[b].first; });
  std::vector<RepeatedKey> found;
  std::vector<bool> repeated(order.size(), false);
  for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
    const std::string& key = members[order[i]].first;
    if (key != members[order[first]].first) {
      first = i;
      continue;
    }
    repeated[order[i]] = true;
    found.push_back({key, positions[order[i]], positions[order[first]].first});
  }
  if (found.empty()) return found;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < repeated.size(); ++i) {
    if (repeated[i]) continue;
    if (kept != i) {
      members[kept] = std::move(members[i]);
      positions[kept] = positions[i];
    }
    ++kept;
  }
  members.resize(kept);
  positions.resize(kept);
  return found;
}

class Parser {
 public:
  explicit Parser(JsonLexer lexer) : lexer_(lexer) {}

  bool parse_document(JsonValue& value) {
    if (!lexer_.skip_blank()) return false;
    if (lexer_.at_end()) return lexer_.fail("the file is empty", "at least an object belongs into it: {}");
    if (!parse_value(value, 0) || !lexer_.skip_blank()) return false;
    return lexer_.at_end() || lexer_.fail("the file should end here, found " + lexer_.found(), "one value per file");
  }

 private:
  bool parse_value(JsonValue& value, int depth) {
    std::tie(value.line, value.column) = lexer_.here();
    const char c = lexer_.peek();
    if ((c == '{' || c == '[') && depth == kDeepest) return lexer_.fail("nested deeper than 64 levels");
    if (c == '{') return parse_object(value, depth);
    if (c == '[') return parse_array(value, depth);
    if (c == '"') {
      value.kind = JsonValue::Kind::string;
      return lexer_.read_string(value.text);
    }
    if (c == '\'') return lexer_.fail("a string in single quotes", "JSON has only double quotes");
    if (!lexer_.at_scalar())
      return lexer_.fail("expected a value, found " + lexer_.found(), c == '#' ? "comments begin with //" : "");
    lexer_.read_scalar(value);
    return true;
  }

  bool parse_array(JsonValue& value, int depth) {
    value.kind = JsonValue::Kind::array;
    return parse_items(value, ']', [&] { return parse_value(value.items.emplace_back(), depth + 1); });
  }

  bool parse_object(JsonValue& value, int depth) {
    value.kind = JsonValue::Kind::object;
    if (!parse_items(value, '}', [&] { return parse_member(value, depth); })) return false;
    for (const auto& repeated : drop_duplicates(value)) {
      lexer_.report(repeated.at, quoted(repeated.key) + " is here twice",
                    "the first is in line " + std::to_string(repeated.first_line));
    }
    return true;
  }

  /// The items of an object or an array, from its opening to its closing bracket.
  template <class Item>
  bool parse_items(const JsonValue& container, char close, Item parse_item) {
    const char open = lexer_.peek();
    std::optional<JsonLexer::Position> comma;
    lexer_.skip_bracket();
    for (;;) {
      if (!lexer_.skip_blank()) return false;
      if (lexer_.at_end()) return fail_unclosed(container, open);
      if (lexer_.at(close)) {
        if (comma) return lexer_.fail_at(*comma, std::string("a trailing comma before `") + close + "`", "remove the comma");
        lexer_.skip_bracket();
        return true;
      }
      if (!parse_item() || !lexer_.skip_blank()) return false;
      if (lexer_.at_end()) return fail_unclosed(container, open);
      comma.reset();
      if (lexer_.at(',')) {
        comma = lexer_.here();
        lexer_.skip_bracket();
      } else if (!lexer_.at(close)) {
        return lexer_.fail(std::string("expected `,` or `") + close + "`, found " + lexer_.found(), "is a comma missing?");
      }
    }
  }

  bool parse_member(JsonValue& object, int depth) {
    if (!lexer_.at('"')) return lexer_.fail("expected a key in double quotes, found " + lexer_.found());
    object.member_positions.push_back(lexer_.here());
    auto& [key, value] = object.members.emplace_back();
    if (!lexer_.read_string(key) || !lexer_.skip_blank()) return false;
    if (!lexer_.at(':')) return lexer_.fail("expected `:` after the key " + quoted(key));
    lexer_.skip_bracket();
    if (!lexer_.skip_blank()) return false;
    if (lexer_.at_end()) return lexer_.fail("the file ends before the value of " + quoted(key));
    return parse_value(value, depth + 1);
  }

  bool fail_unclosed(const JsonValue& container, char open) {
    return lexer_.fail(std::string("the file ends before the `") + open + "` of line " + std::to_string(container.line) +
                       " is closed");
  }

  JsonLexer lexer_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const noexcept {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

JsonDocument parse_json(std::string_view text, const std::string& file, Comments comments, std::size_t limit) {
  JsonDocument document;
  if (text.substr(0, kBom.size()) == kBom) text.remove_prefix(kBom.size());
  if (text.size() > limit) {
    document.diagnostics.push_back(
        {file, 0, 0, std::to_string(text.size()) + " bytes; more than " + std::to_string(limit >> 20) + " MiB is not read", ""});
    return document;
  }
  if (const auto mistake = find_encoding_mistake(text)) {
    document.diagnostics.push_back({file, mistake->line, mistake->column, mistake->what, "save the file as UTF-8 text"});
    return document;
  }
  Parser parser(JsonLexer(text, file, comments, document.diagnostics));
  document.complete = parser.parse_document(document.value);
  return document;
}

}  // namespace devinit::config
