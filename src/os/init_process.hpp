#pragma once

#include <optional>

namespace devinit::os {

/// What a container expects of its first process: forks, and lets the caller go on in the child (nothing is returned there). The parent
/// reaps every process that ends below it and hands every signal on to the child; once the child has ended it returns its exit code,
/// 128 + N for signal N. What runs then is ended by the kernel with this process, if that is pid 1: therefore it waits first for the end of
/// all descendants that run the same program (a supervisor that puts its house in order), whatever the child died of; signals that end
/// programs are then SIGTERM for these. SIGUSR1 and SIGUSR2, which end who does not expect them, are ignored in the child until it says otherwise.
/// Ctrl-C of a terminal reaches the child by itself. When there can be no child the caller goes on, in the only process that there is.
[[nodiscard]] std::optional<int> fork_under_init() noexcept;

}  // namespace devinit::os
