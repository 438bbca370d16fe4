#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devinit::config {

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
