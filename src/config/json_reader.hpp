#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostic.hpp"

namespace devinit::config {

/// A JSON value that knows where it stood, keeps the order of keys and the spelling of numbers: a library that turns 70000 into
/// a uint16 of 4464 or `true` into 1 cannot read ports.
struct JsonValue {
  enum class Kind { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  int line = 1;
  int column = 1;
  int file = 0;                  ///< which file, where a value comes from several (config/config_sources.hpp); of a member's key, too
  bool boolean = false;
  std::string text;              ///< string: decoded UTF-8; number: exactly as written, or empty when malformed (and reported)
  std::vector<JsonValue> items;  ///< array
  std::vector<std::pair<std::string, JsonValue>> members;  ///< object, in file order; of a duplicate key only the first
  std::vector<std::pair<int, int>> member_positions;       ///< line and column of each key

  [[nodiscard]] const JsonValue* find(std::string_view key) const noexcept;
};

/// What a dialect allows beyond RFC 8259.
enum class Comments { no, yes };

/// Nobody writes a larger file by hand; a larger text is a mistake of its own and is not read.
inline constexpr std::size_t kLargestJson = 1U << 20;

/// Parses a whole text. A BOM and CRLF (or CR alone) are fine. Mistakes: syntax (the first one ends the parse), duplicate keys
/// and words or numbers that are not JSON (`010`, `True`: all of them), invalid UTF-8, NUL bytes, UTF-16, nesting deeper than
/// 64, an empty text, more than `kLargestJson` bytes, trailing commas (said as such), comments where not allowed. `value` is
/// usable when `diagnostics` is empty; when `complete`, its structure is that of the file in spite of mistakes, so that a
/// reader can go on and report what else is wrong. Time and memory are linear in the text; no recursion beyond depth 64.
struct JsonDocument {
  JsonValue value;
  Diagnostics diagnostics;
  bool complete = false;
};
/// `limit`: for files that programs write, in place of `kLargestJson`.
[[nodiscard]] JsonDocument parse_json(std::string_view text, const std::string& file, Comments comments, std::size_t limit = kLargestJson);

}  // namespace devinit::config
