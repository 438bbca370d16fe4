#include <string>

#include "registry/requests.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr std::size_t kLongestName = 200;

/// One character at the start of `text`: its code point, and its length in `size`; nothing when it is not UTF-8 in its shortest form.
std::optional<char32_t> decode(std::string_view text, std::size_t& size) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned first = byte(0);
  size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0x80) return first;
  if (first < 0xC2 || first > 0xF4 || size > text.size()) return std::nullopt;
  char32_t point = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return std::nullopt;
    point = point << 6 | (byte(i) & 0x3FU);
  }
  constexpr char32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kLowest[size] || point > 0x10FFFF || surrogate) return std::nullopt;
  return point;
}

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

}  // namespace

Result<> check_name(const std::string& what, std::string_view name) {
  if (name.empty()) return Error(Errc::usage, what + " is empty");
  if (name.size() > kLongestName) {
    return Error(Errc::usage, what + " has " + std::to_string(name.size()) + " bytes; at most " +
                                  std::to_string(kLongestName) + " are allowed");
  }
  for (std::size_t at = 0, size = 0; at < name.size(); at += size) {
    const auto point = decode(name.substr(at), size);
    if (!point) return Error(Errc::usage, what + " is not valid UTF-8 at byte " + std::to_string(at + 1));
    if (is_control(*point)) return Error(Errc::usage, what + " holds a control character at byte " + std::to_string(at + 1));
  }
  return {};
}

bool is_plain_text(std::string_view text) {
  for (std::size_t at = 0, size = 0; at < text.size(); at += size) {
    const auto point = decode(text.substr(at), size);
    if (!point || is_control(*point)) return false;
  }
  return true;
}

Result<> check_model(std::string_view model) { return check_name("the name of the model", model); }

}  // namespace devinit::registry
