#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devinit::os {

/// A short name for a text, 16 hexadecimal digits (FNV-1a, 64 bits): tells paths or versions apart in a folder that is ours alone; no secret,
/// no defence.
[[nodiscard]] inline std::string short_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash >> shift & 15];
  return digits;
}

}  // namespace devinit::os
