#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Blocks until one of `fds` can be read (end of file and errors count) or `timeout` passed; no timeout waits for ever. One
/// flag per entry of `fds`, all false after the timeout. Negative descriptors are skipped.
[[nodiscard]] std::vector<bool> wait_readable(const std::vector<int>& fds,
                                              std::optional<std::chrono::milliseconds> timeout = {});

/// What one descriptor is waited for.
enum class Readiness { readable, writable };
/// As `wait_readable`, for `fd` in the given direction beside a `cancel_fd` to read (negative: none): {fd is ready, cancel_fd is readable}.
struct ReadyOrCancelled {
  bool ready = false;
  bool cancelled = false;
};
[[nodiscard]] ReadyOrCancelled wait_ready(int fd, Readiness what, int cancel_fd, std::optional<std::chrono::milliseconds> timeout);

/// The two ends of a pipe.
struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};
[[nodiscard]] Result<Pipe> make_pipe();

/// Opens a file to be read, or a FIFO (then it waits for a writer, as a shell does). Errc::not_found, Errc::io.
[[nodiscard]] Result<UniqueFd> open_to_read(const std::string& path);

/// `fd` when it is a pipe, else -1: the write end of a pipe counts as readable once nobody reads at the other end.
[[nodiscard]] int only_if_pipe(int fd) noexcept;

/// One read(2) of at most 4 KiB, repeated when interrupted; empty at the end of file. Errc::io otherwise.
[[nodiscard]] Result<std::string> read_some(int fd);

}  // namespace devinit::os
