#pragma once

#include <sys/types.h>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// True when our own stdin is a pipe or a file: something that another process can read in our place. A terminal, a device such as
/// /dev/null and a socket are not.
[[nodiscard]] bool has_input_to_share() noexcept;

/// Opens what the living process `pid` reads as its stdin, for somebody else to read: a pipe delivers each byte once, whoever asks first; a
/// file is read from where `pid` stands in it now. Never waits for a writer. Errc::io, for instance when the pipe is another user's.
[[nodiscard]] Result<UniqueFd> open_input_of(pid_t pid);

}  // namespace devinit::os
