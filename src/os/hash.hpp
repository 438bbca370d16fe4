#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devinit::os {

/// FNV-1a, 64 bits, of bytes that come in pieces: tells texts and files apart among themselves; no secret, no defence.
class RunningHash {
 public:
  void add(std::string_view bytes) noexcept {
    for (const char byte : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  }
  /// 16 hexadecimal digits.
  [[nodiscard]] std::string digits() const {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[hash_ >> shift & 15];
    return text;
  }

 private:
  std::uint64_t hash_ = 14695981039346656037ULL;
};

/// A short name for a text, 16 hexadecimal digits: tells paths or versions apart in a folder that is ours alone.
[[nodiscard]] inline std::string short_hash(std::string_view text) {
  RunningHash hash;
  hash.add(text);
  return hash.digits();
}

}  // namespace devinit::os
