#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace devinit {

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

}  // namespace devinit
