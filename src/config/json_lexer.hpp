#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/diagnostic.hpp"
#include "config/json_reader.hpp"

namespace devinit::config {

/// Walks over the text of a JSON file and reads what has no inner structure: blanks, comments, strings, words and numbers.
/// The text must be valid UTF-8 and, like `file`, outlive the lexer. Functions that return false have reported a mistake that
/// ends the parse.
class JsonLexer {
 public:
  using Position = std::pair<int, int>;  ///< line and column

  JsonLexer(std::string_view text, const std::string& file, Comments comments, Diagnostics& diagnostics)
      : text_(text), file_(file), comments_(comments), diagnostics_(diagnostics) {}

  [[nodiscard]] bool at_end() const noexcept { return offset_ == text_.size(); }
  [[nodiscard]] char peek() const noexcept { return text_[offset_]; }  ///< not at the end
  [[nodiscard]] bool at(char c) const noexcept { return !at_end() && peek() == c; }
  [[nodiscard]] bool at_scalar() const noexcept;  ///< a word or a number, or an attempt at one
  [[nodiscard]] Position here() const noexcept { return {line_, static_cast<int>(offset_ - line_start_) + 1}; }
  [[nodiscard]] std::string found() const;  ///< the character under the cursor, for messages

  void skip_bracket() noexcept { ++offset_; }  ///< or a comma or a colon
  bool skip_blank();
  /// From the opening quote to behind the closing one.
  bool read_string(std::string& out);
  /// `true`, `false`, `null` or a number. Anything else made of the same characters is reported and stepped over.
  void read_scalar(JsonValue& value);

  void report(Position at, std::string message, std::string hint = {});
  bool fail_at(Position at, std::string message, std::string hint = {});  ///< always false
  bool fail(std::string message, std::string hint = {});                  ///< always false

 private:
  [[nodiscard]] bool starts(std::string_view token) const noexcept { return text_.substr(offset_, token.size()) == token; }
  void step() noexcept;
  bool skip_comment();
  void report_malformed(Position at, std::string_view word);
  bool read_escape(std::string& out);
  bool read_unicode_escape(Position begin, std::string& out);
  std::optional<char32_t> read_hex4();

  std::string_view text_;
  const std::string& file_;
  Comments comments_;
  Diagnostics& diagnostics_;
  std::size_t offset_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

}  // namespace devinit::config
