#include "config/conventions.hpp"

namespace devinit::config {
namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_char(char c) noexcept { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; }

}  // namespace

std::string to_service_name(std::string_view name) {
  std::string plain;
  for (const char c : name) plain += is_name_char(c) ? c : '-';
  const bool is_usable = !plain.empty() && is_letter(plain.front()) && plain != "all";
  return is_usable ? plain : "app-" + plain;
}

}  // namespace devinit::config
