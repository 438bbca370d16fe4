#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Binds and listens on a unix stream socket at `path` with mode 0600, non-blocking. A path longer than sun_path (107
/// bytes) is bound through /proc/self/fd/N/name. A stale socket file at `path` is replaced; anything else there is an error.
[[nodiscard]] Result<UniqueFd> listen_unix(const std::string& path);
/// Connects (blocking). Errc::not_found when the file is missing or nobody listens.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path);
/// The user id of the process at the other end (SO_PEERCRED), or -1.
[[nodiscard]] uid_t peer_uid(int fd) noexcept;
/// An exclusive abstract unix socket named `name`: gone with its holder, scoped to the network namespace. Errc::busy when taken.
[[nodiscard]] Result<UniqueFd> bind_abstract(const std::string& name);

}  // namespace devinit::os
