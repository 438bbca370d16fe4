#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace devinit {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "devinit: bug: %s does not hold (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace devinit
