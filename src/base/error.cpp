#include "base/error.hpp"

#include <cstring>

namespace devinit {

Error errno_error(std::string what, int errno_value) {
  // strerrordesc_np is thread-safe and untranslated, so messages are the same on every machine.
  const char* text = ::strerrordesc_np(errno_value);
  what += ": ";
  what += text != nullptr ? text : "unknown error " + std::to_string(errno_value);
  return Error(Errc::io, std::move(what));
}

int exit_code_of(Errc code) noexcept {
  switch (code) {
    case Errc::usage:
    case Errc::config:
      return 2;
    case Errc::interrupted:
      return 130;
    case Errc::not_found:
    case Errc::busy:
    case Errc::privileged:
    case Errc::refused:
    case Errc::timeout:
    case Errc::protocol:
    case Errc::io:
    case Errc::damaged:
    case Errc::failed:
      return 1;
  }
  return 1;
}

}  // namespace devinit
