#pragma once

namespace devinit {

/// Prints the broken expectation on stderr and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace devinit

/// A bug in devinit, not a condition of the outside world: always on, in every build type.
#define ASSERT(expression) \
  (static_cast<bool>(expression) ? static_cast<void>(0) : ::devinit::assertion_failed(#expression, __FILE__, __LINE__))
