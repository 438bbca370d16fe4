#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace devinit {

/// Why an operation did not succeed. The CLI derives its exit code from it (see `exit_code_of`).
enum class Errc {
  usage,        ///< the command line or an environment variable is wrong
  config,       ///< a file that people edit is wrong
  not_found,    ///< something named does not exist
  busy,         ///< a port or a lock is held by somebody else
  privileged,   ///< the kernel asks for more privileges (EACCES on a low port)
  refused,      ///< devinit declines to do it (eviction rules, safety)
  timeout,      ///< it did not happen in time
  protocol,     ///< the other side speaks another version, or nonsense
  interrupted,  ///< the user pressed Ctrl-C
  io,           ///< a system call failed
  damaged,      ///< a file that only devinit writes holds nonsense: it can be kept aside and made anew, but not read
  failed,       ///< the operation ran and did not succeed
};

/// What a user reads when something goes wrong: `message` says what, where and why; `hint` what to do next.
/// Both are plain sentences without trailing newline; `hint` may be empty. `message` may hold several lines.
struct Error {
  Errc code;
  std::string message;
  std::string hint;

  /// Only because Boost 1.81's `result<void, E>::error()` names it; nothing makes an empty error.
  Error() : code(Errc::failed) {}
  explicit Error(Errc code_in, std::string message_in, std::string hint_in = {})
      : code(code_in), message(std::move(message_in)), hint(std::move(hint_in)) {}
};

/// An `Error{Errc::io}` that reads "<what>: <strerror(errno_value)>".
[[nodiscard]] Error errno_error(std::string what, int errno_value);

/// The name of a code in JSON: "usage", "config", "busy" …
[[nodiscard]] const char* code_name(Errc code) noexcept;
/// The code of that name; `failed` for a name that only a newer devinit knows.
[[nodiscard]] Errc code_from_name(std::string_view name) noexcept;

/// The documented process exit code: 2 for usage and config, 130 for interrupted, else 1.
[[nodiscard]] int exit_code_of(Errc code) noexcept;
/// The documented exit code of a command that looks after something (`status`, `ports check`, `scaffold check`, `scaffold fix`)
/// and could do so, but not everything is as it should be.
inline constexpr int kExitNotAsWanted = 3;

}  // namespace devinit
