#include "base/utf8.hpp"

#include <array>

#include "base/assert.hpp"

namespace devinit {

std::optional<CodePoint> decode_utf8(std::string_view text, std::size_t offset) noexcept {
  const unsigned lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) return CodePoint{lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() - offset < length) return std::nullopt;
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = static_cast<unsigned char>(text[offset + i]);
    if ((next & 0xC0U) != 0x80U) return std::nullopt;
    value = (value << 6) | (next & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
  return CodePoint{value, length};
}

void append_utf8(std::string& text, char32_t value) {
  ASSERT(value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF));
  const auto continuation = [&text, value](unsigned shift) { text += static_cast<char>(0x80U | ((value >> shift) & 0x3FU)); };
  if (value < 0x80) {
    text += static_cast<char>(value);
  } else if (value < 0x800) {
    text += static_cast<char>(0xC0U | (value >> 6));
    continuation(0);
  } else if (value < 0x10000) {
    text += static_cast<char>(0xE0U | (value >> 12));
    continuation(6);
    continuation(0);
  } else {
    text += static_cast<char>(0xF0U | (value >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace devinit
