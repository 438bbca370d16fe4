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

const char* code_name(Errc code) noexcept {
  switch (code) {
    case Errc::usage:
      return "usage";
    case Errc::config:
      return "config";
    case Errc::not_found:
      return "not_found";
    case Errc::busy:
      return "busy";
    case Errc::privileged:
      return "privileged";
    case Errc::refused:
      return "refused";
    case Errc::timeout:
      return "timeout";
    case Errc::protocol:
      return "protocol";
    case Errc::interrupted:
      return "interrupted";
    case Errc::io:
      return "io";
    case Errc::damaged:
      return "damaged";
    case Errc::failed:
      return "failed";
  }
  return "failed";
}

Errc code_from_name(std::string_view name) noexcept {
  for (const Errc code : {Errc::usage, Errc::config, Errc::not_found, Errc::busy, Errc::privileged, Errc::refused, Errc::timeout,
                          Errc::protocol, Errc::interrupted, Errc::io, Errc::damaged}) {
    if (name == code_name(code)) return code;
  }
  return Errc::failed;
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
