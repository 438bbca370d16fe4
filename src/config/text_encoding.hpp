#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace devinit::config {

/// One code point decoded from UTF-8: its value and how many bytes it takes.
struct CodePoint {
  char32_t value;
  std::size_t length;
};

/// Decodes the code point at `offset` (which lies inside `text`), or nothing when the bytes there are not UTF-8: overlong
/// forms, surrogates, values above U+10FFFF and truncated sequences are refused (Unicode 15, table 3-7).
[[nodiscard]] std::optional<CodePoint> decode_utf8(std::string_view text, std::size_t offset) noexcept;

/// Appends a Unicode scalar value as UTF-8.
void append_utf8(std::string& text, char32_t value);

/// Why a text cannot be read as UTF-8, and where (1-based line and column, in bytes).
struct EncodingMistake {
  const char* what;
  int line;
  int column;
};
/// UTF-16 (by its mark or by its NUL bytes), the first NUL byte, or the first bytes that are not UTF-8.
[[nodiscard]] std::optional<EncodingMistake> find_encoding_mistake(std::string_view text) noexcept;

/// `text` between backticks for a message: control and direction-changing characters and broken UTF-8 are written as escapes,
/// so that no file can drive the terminal of who reads its mistakes, and long texts are cut with "…".
[[nodiscard]] std::string quoted(std::string_view text);

/// `text` as a JSON string literal with its quotes. `text` must be valid UTF-8.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace devinit::config
