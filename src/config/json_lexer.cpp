#include "config/json_lexer.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
/// Whatever can stand in a number, a literal, or an attempt at one.
bool is_scalar_char(char c) noexcept { return is_digit(c) || is_letter(c) || c == '_' || c == '-' || c == '+' || c == '.'; }

/// The grammar of RFC 8259, part 6: [-] int [frac] [exp].
bool is_json_number(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > begin;
  };
  const auto accept = [&](char c) { return at < text.size() && text[at] == c && ++at > 0; };
  accept('-');
  if (!accept('0') && !digits()) return false;
  if (accept('.') && !digits()) return false;
  if (accept('e') || accept('E')) {
    if (!accept('+')) accept('-');
    if (!digits()) return false;
  }
  return at == text.size();
}

}  // namespace

bool JsonLexer::at_scalar() const noexcept { return !at_end() && is_scalar_char(peek()); }

std::string JsonLexer::found() const {
  const auto point = decode_utf8(text_, offset_);
  return quoted(text_.substr(offset_, point ? point->length : 1));
}

void JsonLexer::report(Position at, std::string message, std::string hint) {
  diagnostics_.push_back({file_, at.first, at.second, std::move(message), std::move(hint)});
}

bool JsonLexer::fail_at(Position at, std::string message, std::string hint) {
  report(at, std::move(message), std::move(hint));
  return false;
}

bool JsonLexer::fail(std::string message, std::string hint) { return fail_at(here(), std::move(message), std::move(hint)); }

/// Steps over one character; CR LF, LF and a lone CR each begin a new line.
void JsonLexer::step() noexcept {
  const char c = text_[offset_++];
  if (c == '\n' || (c == '\r' && (at_end() || peek() != '\n'))) {
    ++line_;
    line_start_ = offset_;
  }
}

bool JsonLexer::skip_blank() {
  while (!at_end()) {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      step();
    } else if (starts("//") || starts("/*")) {
      if (!skip_comment()) return false;
    } else {
      break;
    }
  }
  return true;
}

bool JsonLexer::skip_comment() {
  if (comments_ == Comments::no) return fail("comments are not allowed in this file", "remove the comment");
  if (starts("//")) {
    while (!at_end() && peek() != '\n' && peek() != '\r') ++offset_;
    return true;
  }
  const Position begin = here();
  for (offset_ += 2; !at_end(); step()) {
    if (!starts("*/")) continue;
    offset_ += 2;
    return true;
  }
  return fail_at(begin, "a comment that never ends", "close it with */");
}

void JsonLexer::read_scalar(JsonValue& value) {
  const std::size_t begin = offset_;
  while (!at_end() && is_scalar_char(peek())) ++offset_;
  const std::string_view word = text_.substr(begin, offset_ - begin);
  if (word == "true" || word == "false") {
    value.kind = JsonValue::Kind::boolean;
    value.boolean = word == "true";
  } else if (word != "null") {
    value.kind = JsonValue::Kind::number;
    if (is_json_number(word)) {
      value.text = word;
    } else {
      report_malformed({value.line, value.column}, word);
    }
  }
}

void JsonLexer::report_malformed(Position at, std::string_view word) {
  const bool looks_like_number = is_digit(word.front()) || word.front() == '-' || word.front() == '+' || word.front() == '.';
  if (looks_like_number) {
    report(at, quoted(word) + " is not a number in JSON", "plain decimal: no leading zero, plus sign, hexadecimal or unit");
  } else {
    report(at, quoted(word) + " is not a value", "text stands in double quotes; true, false and null are written small");
  }
}

bool JsonLexer::read_string(std::string& out) {
  const Position begin = here();
  for (++offset_; !at_end(); ++offset_) {
    const char c = peek();
    if (c == '"') {
      ++offset_;
      return true;
    }
    if (c == '\n' || c == '\r') break;
    if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string", "write it as \\t or \\u00XX");
    if (c != '\\') {
      out += c;
    } else if (!read_escape(out)) {
      return false;
    }
  }
  return fail_at(begin, "a string without its closing quote");
}

/// From the backslash to the last character of the escape.
bool JsonLexer::read_escape(std::string& out) {
  const Position begin = here();
  constexpr std::string_view kShort = "\"\\/bfnrt";
  constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
  ++offset_;
  if (at_end()) return fail_at(begin, "the file ends inside a string");
  const auto which = kShort.find(peek());
  if (which != std::string_view::npos) {
    out += kMeaning[which];
    return true;
  }
  if (peek() != 'u') return fail_at(begin, "an unknown escape in a string", "a backslash itself is written \\\\");
  return read_unicode_escape(begin, out);
}

bool JsonLexer::read_unicode_escape(Position begin, std::string& out) {
  auto unit = read_hex4();
  if (!unit) return fail_at(begin, "an unfinished escape in a string", "\\u and four hexadecimal digits");
  char32_t value = *unit;
  if (value == 0) return fail_at(begin, "a NUL character in a string");
  if (value >= 0xD800 && value <= 0xDBFF && text_.substr(offset_ + 1, 2) == "\\u") {
    offset_ += 2;
    unit = read_hex4();
    if (unit && *unit >= 0xDC00 && *unit <= 0xDFFF) value = 0x10000 + ((value - 0xD800) << 10) + (*unit - 0xDC00);
  }
  if (value >= 0xD800 && value <= 0xDFFF) return fail_at(begin, "half of a surrogate pair in a string");
  append_utf8(out, value);
  return true;
}

/// The four digits after the `u` under the cursor; leaves the cursor on the last of them.
std::optional<char32_t> JsonLexer::read_hex4() {
  const std::string_view digits = text_.substr(offset_ + 1, 4);
  if (digits.size() != 4 || !std::all_of(digits.begin(), digits.end(), is_hex_digit)) return std::nullopt;
  char32_t value = 0;
  for (const char c : digits) value = (value << 4) | static_cast<char32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  offset_ += 4;
  return value;
}

}  // namespace devinit::config
