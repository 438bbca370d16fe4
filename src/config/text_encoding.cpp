#include "config/text_encoding.hpp"

#include "base/utf8.hpp"

namespace devinit::config {
namespace {

constexpr std::size_t kLongestQuote = 80;

unsigned byte_at(std::string_view text, std::size_t offset) noexcept { return static_cast<unsigned char>(text[offset]); }

std::string hex(char32_t value, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4) text[i] = kDigits[value & 0xF];
  return text;
}

/// Characters that would move the cursor, ring, colour, or reorder what stands around them.
bool is_unprintable(char32_t value) noexcept {
  return value < 0x20 || (value >= 0x7F && value < 0xA0) || value == 0x200E || value == 0x200F ||
         (value >= 0x2028 && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069) || value == 0xFEFF;
}

}  // namespace

std::optional<EncodingMistake> find_encoding_mistake(std::string_view text) noexcept {
  const std::string_view start = text.substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF" || (start.size() == 2 && (start[0] == '\0') != (start[1] == '\0'))) {
    return EncodingMistake{"the file is UTF-16", 1, 1};
  }
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t offset = 0; offset < text.size();) {
    const auto point = decode_utf8(text, offset);
    if (!point || point->value == 0) {
      return EncodingMistake{point ? "a NUL byte" : "bytes that are not UTF-8", line,
                             static_cast<int>(offset - line_start) + 1};
    }
    offset += point->length;
    if (point->value == '\n' || (point->value == '\r' && text.substr(offset, 1) != "\n")) {
      ++line;
      line_start = offset;
    }
  }
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  std::string result = "`";
  for (std::size_t offset = 0; offset < text.size();) {
    if (offset >= kLongestQuote) {
      result += "…";
      break;
    }
    const auto point = decode_utf8(text, offset);
    if (!point) {
      result += "\\x" + hex(byte_at(text, offset), 2);
      ++offset;
      continue;
    }
    if (is_unprintable(point->value)) {
      result += "\\u" + hex(point->value, 4);
    } else {
      result += text.substr(offset, point->length);
    }
    offset += point->length;
  }
  return result + "`";
}

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      result += "\\u" + hex(byte, 4);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace devinit::config
