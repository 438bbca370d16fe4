#pragma once

#include <stddef.h>
#include <stdint.h>

/// The few string functions that the guardian needs.
namespace devinit::guardian {

/// A bounded text on the stack, always NUL-terminated; what does not fit is cut.
template <size_t Capacity>
class Text {
 public:
  Text& operator<<(const char* text) {
    while (*text != '\0' && length_ + 1 < Capacity) buffer_[length_++] = *text++;
    buffer_[length_] = '\0';
    return *this;
  }
  Text& operator<<(uint64_t number) {
    char digits[21];
    int at = 20;
    digits[at] = '\0';
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << &digits[at];
  }
  Text& operator<<(int number) { return *this << static_cast<uint64_t>(number); }
  [[nodiscard]] const char* c_str() const { return buffer_; }
  [[nodiscard]] char* data() { return buffer_; }
  [[nodiscard]] size_t size() const { return length_; }

 private:
  char buffer_[Capacity] = {};
  size_t length_ = 0;
};

/// Reads decimal digits; `*end` (may be null) is where they stop, `text` itself when there are none.
inline uint64_t parse_number(const char* text, const char** end = nullptr) {
  uint64_t number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + static_cast<uint64_t>(*text++ - '0');
  if (end != nullptr) *end = text;
  return number;
}

inline bool equal(const char* a, const char* b, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline size_t length_of(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

}  // namespace devinit::guardian
