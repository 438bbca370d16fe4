#include "registry/path_text.hpp"

#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr std::string_view kEncoded = "%:";
constexpr std::string_view kDigits = "0123456789ABCDEF";

std::string encoded(std::string_view path) {
  std::string text(kEncoded);
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text;
}

}  // namespace

PathText::PathText(std::string_view path) : text_(path) {
  if (is_plain_text(path) && !path.starts_with(kEncoded)) return;
  encoded_ = encoded(path);
  text_ = encoded_;
}

void read_path_text(std::string_view text, std::string& path) {
  path = text;
  if (!text.starts_with(kEncoded)) return;
  path.clear();
  for (std::size_t i = kEncoded.size(); i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const auto high = escape ? kDigits.find(text[i + 1]) : kDigits.npos;
    const auto low = escape ? kDigits.find(text[i + 2]) : kDigits.npos;
    const bool byte = high != kDigits.npos && low != kDigits.npos;
    path += byte ? static_cast<char>(high << 4 | low) : text[i];
    if (byte) i += 2;
  }
}

}  // namespace devinit::registry
