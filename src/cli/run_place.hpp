#pragma once

#include "cli/commands/commands.hpp"
#include "os/file_lock.hpp"

namespace devinit::cli {

/// Where one run lives: its name is nobody else's in this folder as long as the lock is held.
struct RunPlace {
  Project project;
  os::FileLock lock;
};

/// The place of the run called --name, else of the program's name, with a number when that is in use. A supervisor whose
/// command line was killed gets the time to end what it runs (30 s; `cancel_fd` readable: Errc::interrupted). Errc::busy for
/// a --name in use.
[[nodiscard]] Result<RunPlace> find_run_place(const Context& context, int cancel_fd);

}  // namespace devinit::cli
