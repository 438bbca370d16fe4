#include "config/ip_address.hpp"

#include <algorithm>

namespace devinit::config {
namespace {

constexpr int kGroups = 8;  ///< of an IPv6 address

bool is_decimal_byte(std::string_view text) noexcept {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return false;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value <= 255;
}

bool is_hex_group(std::string_view text) noexcept {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  return !text.empty() && text.size() <= 4 && std::all_of(text.begin(), text.end(), hex);
}

/// How many 16-bit groups "1:2:3" stands for; -1 when it is malformed. Only the very end of an address may be "10.0.0.1".
int count_groups(std::string_view text, bool at_end) noexcept {
  if (text.empty()) return 0;
  int groups = 0;
  for (;;) {
    const auto colon = text.find(':');
    const bool last = colon == std::string_view::npos;
    const auto part = text.substr(0, colon);
    if (is_hex_group(part)) {
      groups += 1;
    } else if (last && at_end && is_ipv4_address(part)) {
      groups += 2;
    } else {
      return -1;
    }
    if (last) return groups;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

bool is_ipv4_address(std::string_view text) noexcept {
  for (int dots = 0; dots < 3; ++dots) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || !is_decimal_byte(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_decimal_byte(text);
}

bool is_ipv6_address(std::string_view text) noexcept {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == kGroups;
  const int before = count_groups(text.substr(0, gap), false);
  const int after = count_groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after < kGroups;
}

bool is_bind_address(std::string_view text) noexcept {
  return text == "localhost" || is_ipv4_address(text) || is_ipv6_address(text);
}

bool is_any_address(std::string_view host) noexcept {
  if (host == "0.0.0.0") return true;
  return is_ipv6_address(host) && host.find_first_not_of("0:") == std::string_view::npos;
}

std::string local_url(std::string_view host, std::uint16_t port) {
  const bool v6 = is_ipv6_address(host);
  std::string name(host);
  if (host.empty() || is_any_address(host)) {
    name = "localhost";
  } else if (v6) {
    name = "[" + name + "]";
  }
  return "http://" + name + ":" + std::to_string(port);
}

}  // namespace devinit::config
