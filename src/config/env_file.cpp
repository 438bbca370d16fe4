#include <cctype>

#include "config/templates.hpp"

namespace devinit::config {
namespace {

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Reads one env file from front to back. Every mistake ends its line only, so that all of them are found.
class EnvFileReader {
 public:
  EnvFileReader(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {
    if (text_.starts_with("\xEF\xBB\xBF")) position_ = line_begin_ = 3;
  }

  EnvDocument read() {
    while (!at_end()) read_line();
    return {std::move(entries_), std::move(diagnostics_)};
  }

 private:
  [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\n' : text_[position_]; }
  [[nodiscard]] bool at_line_end() const {
    return peek() == '\n' || (peek() == '\r' && text_.substr(position_).starts_with("\r\n"));
  }

  char take() {
    const char c = text_[position_++];
    if (c == '\n') {
      ++line_;
      line_begin_ = position_;
    }
    return c;
  }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') take();
  }

  void skip_line() {
    while (!at_end() && take() != '\n') {
    }
  }

  void mistake(std::string message, std::string hint = {}) {
    const int column = static_cast<int>(position_ - line_begin_) + 1;
    diagnostics_.push_back({file_, line_, column, std::move(message), std::move(hint)});
  }

  void read_line() {
    skip_blanks();
    if (at_line_end() || peek() == '#') return skip_line();
    std::string name = take_name();
    if (name == "export" && (peek() == ' ' || peek() == '\t')) {
      skip_blanks();
      name = take_name();
    }
    if (name.empty()) {
      mistake("a variable's name must stand here", "letters, digits and _, not starting with a digit");
      return skip_line();
    }
    skip_blanks();
    if (peek() != '=') {
      mistake("`=` is missing after `" + name + "`", "write " + name + "=value");
      return skip_line();
    }
    take();
    skip_blanks();
    const int line = line_;
    const std::size_t begin = position_;
    if (std::optional<Value> value = take_value()) {
      entries_.push_back({std::move(name), std::move(value->text), line, begin, value->end});
    }
    skip_line();
  }

  std::string take_name() {
    std::string name;
    if (at_end() || !is_name_start(peek())) return name;
    while (!at_end() && is_name_char(peek())) name += take();
    return name;
  }

  /// What a value says, and where the text of it ends.
  struct Value {
    std::string text;
    std::size_t end = 0;
  };

  std::optional<Value> take_value() {
    const char quote = peek();
    if (quote != '"' && quote != '\'') return take_plain_value();
    std::optional<std::string> value = take_quoted_value();
    if (!value) return std::nullopt;
    const std::size_t end = position_;
    skip_blanks();
    if (at_line_end() || peek() == '#') return Value{std::move(*value), end};
    mistake("only a comment may follow the closing quote");
    return std::nullopt;
  }

  std::optional<Value> take_plain_value() {
    const std::size_t begin = position_;
    std::string value;
    while (!at_line_end()) {
      if (peek() == '#' && (value.empty() || value.back() == ' ' || value.back() == '\t')) break;
      if (peek() == '\0') {
        mistake("a NUL byte cannot be part of a value");
        return std::nullopt;
      }
      value += take();
    }
    const std::size_t last = value.find_last_not_of(" \t");
    value.resize(last == std::string::npos ? 0 : last + 1);
    const std::size_t end = begin + value.size();
    return Value{std::move(value), end};
  }

  std::optional<std::string> take_quoted_value() {
    const Diagnostic unclosed{file_, line_, static_cast<int>(position_ - line_begin_) + 1, "this quote is never closed", {}};
    const char quote = take();
    std::string value;
    while (!at_end()) {
      if (peek() == '\0') {
        mistake("a NUL byte cannot be part of a value");
        return std::nullopt;
      }
      const char c = take();
      if (c == quote) return value;
      value += c == '\\' && quote == '"' ? take_escape() : std::string(1, c);
    }
    diagnostics_.push_back(unclosed);
    return std::nullopt;
  }

  /// After a backslash; an unknown escape stays as it is, so that Windows paths and patterns survive.
  std::string take_escape() {
    if (at_end()) return "\\";
    const char c = take();
    switch (c) {
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      case 't':
        return "\t";
      case '"':
      case '\\':
      case '$':
        return std::string(1, c);
      default:
        return std::string("\\") + c;
    }
  }

  std::string_view text_;
  std::string file_;
  std::size_t position_ = 0;
  std::size_t line_begin_ = 0;
  int line_ = 1;
  std::vector<EnvEntry> entries_;
  Diagnostics diagnostics_;
};

}  // namespace

Result<std::vector<EnvEntry>> parse_env_entries(std::string_view text, const std::string& file) {
  EnvDocument document = read_env(text, file);
  if (!document.diagnostics.empty()) return to_error(document.diagnostics);
  return std::move(document.entries);
}

EnvDocument read_env(std::string_view text, const std::string& file) { return EnvFileReader(text, file).read(); }

Result<std::vector<std::pair<std::string, std::string>>> parse_env_file(std::string_view text, const std::string& file) {
  TRY_ASSIGN(auto entries, parse_env_entries(text, file));
  std::vector<std::pair<std::string, std::string>> variables;
  for (auto& entry : entries) variables.emplace_back(std::move(entry.name), std::move(entry.value));
  return variables;
}

}  // namespace devinit::config
