#include "scaffold/yaml_outline.hpp"

#include <algorithm>

namespace devinit::scaffold {
namespace {

using Kind = YamlNode::Kind;

constexpr int kDeepest = 64;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }
bool is_space(char c) noexcept { return is_blank(c) || c == '\n'; }

/// Reads from front to back. What it cannot read ends it: `line_` says where.
class YamlReader {
 public:
  explicit YamlReader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_begin_ = 3;
  }

  YamlOutline read() {
    skip_head();
    outline_.root = block(0, 0);
    skip();
    if (!at_end()) fail();
    if (failed_) outline_.unreadable_line = failed_line_;
    return std::move(outline_);
  }

 private:
  // Where it is

  [[nodiscard]] bool at_end() const { return failed_ || at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  [[nodiscard]] std::size_t column() const { return at_ - line_begin_; }
  [[nodiscard]] std::size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }
  [[nodiscard]] bool at_comment() const { return peek() == '#' && (at_ == line_begin_ || is_space(text_[at_ - 1])); }

  void take() {
    if (text_[at_++] != '\n') return;
    ++line_;
    line_begin_ = at_;
  }

  void skip_blanks() {
    while (!at_end() && is_blank(peek())) ++at_;
  }

  /// To the next character that means something.
  void skip() {
    while (!at_end()) {
      if (at_comment()) {
        at_ = line_end();
      } else if (is_space(peek())) {
        take();
      } else {
        return;
      }
    }
  }

  /// Directives and the mark of the document.
  void skip_head() {
    skip();
    while (!at_end() && peek() == '%' && column() == 0) {
      at_ = line_end();
      skip();
    }
    if (column() == 0 && text_.substr(std::min(at_, text_.size())).starts_with("---") && is_space(peek(3))) at_ += 3;
  }

  /// What follows a value on its line.
  void expect_line_end() {
    skip_blanks();
    if (!at_end() && peek() != '\n' && !at_comment()) fail();
  }

  void fail() {
    if (!failed_) failed_line_ = line_;
    failed_ = true;
  }

  [[nodiscard]] YamlNode node_here(Kind kind) const {
    YamlNode node;
    node.kind = kind;
    node.line = line_;
    node.begin = node.end = at_;
    return node;
  }

  [[nodiscard]] bool at_item() const { return peek() == '-' && is_space(peek(1)); }

  /// Where the colon of `key: value` is that begins here; npos when no key does.
  [[nodiscard]] std::size_t key_colon() const {
    const std::size_t end = line_end();
    std::size_t at = at_;
    const char first = peek();
    if (first == '"' || first == '\'') {
      at = std::min(text_.find(first, at + 1), end);
      if (at < end) ++at;
      while (at < end && is_blank(text_[at])) ++at;
      return at < end && text_[at] == ':' ? at : std::string_view::npos;
    }
    if (first == '[' || first == '{' || first == '*' || first == '#') return std::string_view::npos;
    for (; at < end; ++at) {
      if (text_[at] == ':' && (at + 1 == end || is_space(text_[at + 1]))) return at;
      if (text_[at] == '#' && at > at_ && is_blank(text_[at - 1])) break;
    }
    return std::string_view::npos;
  }

  // Block style

  /// The value that begins at or behind this place, in column `least` at the least.
  YamlNode block(std::size_t least, int depth) {
    skip();
    if (at_end() || column() < least) return node_here(Kind::nothing);
    if (at_item()) return list(column(), depth);
    if (key_colon() != std::string_view::npos && peek() != '&' && peek() != '!') return mapping(column(), depth);
    return value(least, depth);
  }

  YamlNode list(std::size_t column_of_items, int depth) {
    YamlNode node = node_here(Kind::list);
    if (depth > kDeepest) fail();
    while (!at_end() && column() == column_of_items && at_item()) {
      ++at_;
      node.items.push_back(block(column_of_items + 1, depth + 1));
      skip();
    }
    if (!at_end() && column() > column_of_items) fail();
    return node;
  }

  YamlNode mapping(std::size_t column_of_keys, int depth) {
    YamlNode node = node_here(Kind::mapping);
    if (depth > kDeepest) fail();
    while (!at_end() && column() == column_of_keys) {
      const std::size_t colon = key_colon();
      if (colon == std::string_view::npos || (peek() == '?' && is_space(peek(1)))) {
        fail();
        break;
      }
      node.members.push_back({key_until(colon), {}});
      at_ = colon + 1;
      node.members.back().value = member_value(column_of_keys, depth + 1);
      skip();
    }
    if (!at_end() && column() > column_of_keys) fail();
    return node;
  }

  [[nodiscard]] std::string key_until(std::size_t colon) const {
    std::string_view key = text_.substr(at_, colon - at_);
    while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
    const bool quoted = key.size() >= 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front();
    return std::string(quoted ? key.substr(1, key.size() - 2) : key);
  }

  /// What belongs to a key in `column_of_key`: on its line, or below and deeper; items of a list may stand below the key
  /// itself.
  YamlNode member_value(std::size_t column_of_key, int depth) {
    skip_blanks();
    if (!at_end() && peek() != '\n' && !at_comment()) return value(column_of_key + 1, depth);
    skip();
    if (!at_end() && column() == column_of_key && at_item()) return list(column_of_key, depth);
    return block(column_of_key + 1, depth);
  }

  /// A value that begins here and is neither a list nor a mapping in block style; its further lines begin in column `least`.
  YamlNode value(std::size_t least, int depth) {
    const char c = peek();
    if (c == '&' || c == '!') return marked_value(least, depth);
    if (c == '|' || c == '>') return block_scalar(least);
    if (c == '@' || c == '`' || c == '%') fail();
    if (c != '[' && c != '{' && c != '"' && c != '\'' && c != '*') return plain(least);
    YamlNode node = flow(depth);
    expect_line_end();
    return node;
  }

  /// `&anchor`, `!tag`, and then the value.
  YamlNode marked_value(std::size_t least, int depth) {
    const std::string anchor = take_mark();
    if (depth > kDeepest) fail();
    skip_blanks();
    const bool on_this_line = !at_end() && peek() != '\n' && !at_comment();
    YamlNode node = !on_this_line                           ? member_value(least == 0 ? 0 : least - 1, depth + 1)
                    : key_colon() != std::string_view::npos ? mapping(column(), depth + 1)
                                                            : value(least, depth + 1);
    if (!anchor.empty()) outline_.anchors.insert_or_assign(anchor, node);
    return node;
  }

  /// The name of an anchor; empty for a tag.
  std::string take_mark() {
    const bool is_anchor = peek() == '&';
    const std::size_t begin = ++at_;
    while (!at_end() && !is_space(peek()) && std::string_view(",[]{}").find(peek()) == std::string_view::npos) ++at_;
    return is_anchor ? std::string(text_.substr(begin, at_ - begin)) : std::string();
  }

  YamlNode block_scalar(std::size_t least) {
    YamlNode node = node_here(Kind::scalar);
    node.is_literal = false;
    while (!at_end()) {
      at_ = line_end();
      if (!at_end()) take();
      std::size_t content = at_;
      while (content < text_.size() && is_blank(text_[content])) ++content;
      const bool empty = content == text_.size() || text_[content] == '\n';
      if (!empty && content - at_ < least) break;
    }
    return node;
  }

  YamlNode plain(std::size_t least) {
    YamlNode node = node_here(Kind::scalar);
    node.end = end_of_plain();
    at_ = node.end;
    skip();
    while (!at_end() && column() >= least && least > 0) {
      node.is_literal = false;
      at_ = line_end();
      skip();
    }
    return node;
  }

  /// Up to a comment or the end of the line, without blanks.
  [[nodiscard]] std::size_t end_of_plain() const {
    const std::size_t end = line_end();
    std::size_t last = at_;
    for (std::size_t at = at_; at < end; ++at) {
      if (text_[at] == '#' && at > at_ && is_blank(text_[at - 1])) break;
      if (!is_blank(text_[at])) last = at + 1;
    }
    return last;
  }

  // Flow style

  YamlNode flow(int depth) {
    if (depth > kDeepest) fail();
    skip();
    if (at_end()) {
      fail();
      return {};
    }
    switch (peek()) {
      case '[':
        return flow_list(depth);
      case '{':
        return flow_mapping(depth);
      case '"':
      case '\'':
        return quoted();
      case '*':
        return alias();
      case '&':
      case '!': {
        const std::string anchor = take_mark();
        YamlNode node = flow(depth + 1);
        if (!anchor.empty()) outline_.anchors.insert_or_assign(anchor, node);
        return node;
      }
      default:
        return flow_plain();
    }
  }

  YamlNode flow_list(int depth) {
    YamlNode node = node_here(Kind::list);
    ++at_;
    for (skip(); !at_end() && peek() != ']'; skip()) {
      node.items.push_back(flow(depth + 1));
      if (!take_separator(']')) return node;
    }
    close_flow();
    return node;
  }

  YamlNode flow_mapping(int depth) {
    YamlNode node = node_here(Kind::mapping);
    ++at_;
    for (skip(); !at_end() && peek() != '}'; skip()) {
      const YamlNode key = flow(depth + 1);
      if (key.kind != Kind::scalar) fail();
      node.members.push_back({std::string(text_.substr(key.begin, key.end - key.begin)), {}});
      skip();
      if (!at_end() && peek() == ':') {
        ++at_;
        skip();
        if (peek() != ',' && peek() != '}') node.members.back().value = flow(depth + 1);
      }
      if (!take_separator('}')) return node;
    }
    close_flow();
    return node;
  }

  /// A comma, or nothing before the closing bracket.
  bool take_separator(char closing) {
    skip();
    if (!at_end() && peek() == ',') {
      ++at_;
      return true;
    }
    if (at_end() || peek() != closing) fail();
    return !failed_;
  }

  void close_flow() {
    if (at_end()) return fail();
    ++at_;
  }

  YamlNode quoted() {
    YamlNode node = node_here(Kind::scalar);
    const char quote = peek();
    node.begin = ++at_;
    while (!at_end()) {
      const bool escape = quote == '"' ? peek() == '\\' : peek() == '\'' && peek(1) == '\'';
      if (escape || peek() == '\n') node.is_literal = false;
      if (!escape && peek() == quote) break;
      take();
      if (escape && !at_end()) take();
    }
    node.end = std::min(at_, text_.size());
    close_flow();
    return node;
  }

  YamlNode alias() {
    YamlNode node = node_here(Kind::alias);
    node.begin = ++at_;
    while (!at_end() && !is_space(peek()) && std::string_view(",[]{}").find(peek()) == std::string_view::npos) ++at_;
    node.end = at_;
    return node;
  }

  /// Ends where flow style gives a character a meaning; an opening bracket inside is a mistake, also in `${NAME}`.
  YamlNode flow_plain() {
    constexpr std::string_view kMarks = ",[]{}";
    YamlNode node = node_here(Kind::scalar);
    node.needs_quotes = true;
    for (const std::size_t end = line_end(); at_ < end && kMarks.find(peek()) == std::string_view::npos && !at_comment();
         ++at_) {
      if (peek() == ':' && (is_space(peek(1)) || kMarks.find(peek(1)) != std::string_view::npos)) break;
      if (!is_blank(peek())) node.end = at_ + 1;
    }
    if (node.end == node.begin) fail();
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
  bool failed_ = false;
  int failed_line_ = 0;
  YamlOutline outline_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(members, key, &YamlMember::key);
  return found == members.end() ? nullptr : &found->value;
}

YamlOutline read_yaml(std::string_view text) { return YamlReader(text).read(); }

}  // namespace devinit::scaffold
