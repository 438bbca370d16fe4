#include <string>

#include "base/utf8.hpp"
#include "registry/requests.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr std::size_t kLongestName = 200;

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

}  // namespace

Result<> check_name(const std::string& what, std::string_view name) {
  if (name.empty()) return Error(Errc::usage, what + " is empty");
  if (name.size() > kLongestName) {
    return Error(Errc::usage, what + " has " + std::to_string(name.size()) + " bytes; at most " +
                                  std::to_string(kLongestName) + " are allowed");
  }
  for (std::size_t at = 0; at < name.size();) {
    const auto point = decode_utf8(name, at);
    if (!point) return Error(Errc::usage, what + " is not valid UTF-8 at byte " + std::to_string(at + 1));
    if (is_control(point->value)) return Error(Errc::usage, what + " holds a control character at byte " + std::to_string(at + 1));
    at += point->length;
  }
  return {};
}

bool is_plain_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = decode_utf8(text, at);
    if (!point || is_control(point->value)) return false;
    at += point->length;
  }
  return true;
}

Result<> check_model(std::string_view model) { return check_name("the name of the model", model); }

}  // namespace devinit::registry
