#include "os/random.hpp"

#include <sys/random.h>

#include "base/assert.hpp"

namespace devinit::os {

std::string random_hex(std::size_t bytes) {
  unsigned char raw[256];
  ASSERT(bytes <= sizeof raw);
  // getrandom(2): up to 256 bytes come whole and uninterrupted once the pool is initialised.
  ASSERT(::getrandom(raw, bytes, 0) == static_cast<ssize_t>(bytes));
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    text += kDigits[raw[i] >> 4];
    text += kDigits[raw[i] & 15];
  }
  return text;
}

}  // namespace devinit::os
