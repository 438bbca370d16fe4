#pragma once

#include <string>

#include "base/result.hpp"
#include "os/process.hpp"

namespace devinit::registry {

/// Which database the registry is.
struct Location {
  enum class Backend { sqlite, postgresql };
  Backend backend = Backend::sqlite;
  std::string target;      ///< sqlite: an absolute path; postgresql: the connection URL, as it was given
  std::string shown;       ///< for people: the path, or the URL without its password
  bool is_default = false; ///< nobody named it
};

/// `--registry` (may be empty) > DEVINIT_REGISTRY > `configured` (the user's configuration file; may be empty) >
/// `$XDG_STATE_HOME/devinit/registry.db`. "postgresql://…" and "postgres://…" are PostgreSQL, "sqlite:PATH" and anything without "://" a
/// path ("~/" and relative ones are resolved). Errc::usage for another scheme, an empty name, a folder.
[[nodiscard]] Result<Location> find_location(const std::string& option, const os::Environment& environment, const std::string& configured);

/// The registry of this machine, whatever is configured: where `start` goes on when the team's server is away.
[[nodiscard]] Result<Location> local_location(const os::Environment& environment);

/// The text without the password of a connection URL in it ("postgresql://ann:***@db/ports"), wherever it stands: also `password=` as a
/// parameter. What libpq says about a connection is passed through here before anybody reads it.
[[nodiscard]] std::string without_password(const std::string& text, const std::string& url);

}  // namespace devinit::registry
