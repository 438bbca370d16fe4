#pragma once

#include <optional>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// SIGINT, SIGTERM and SIGHUP of this process as something to poll, instead of a sudden end. They stay blocked for the process's life
/// (the object may go away earlier only together with the program); children made by `spawn` start with an empty mask. A SIGHUP that is
/// ignored, as under nohup(1), stays ignored.
class Interrupts {
 public:
  [[nodiscard]] static Result<Interrupts> block();

  /// Readable when a signal waits.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes what has arrived; true when something had. Never blocks.
  [[nodiscard]] bool take() noexcept;
  /// One signal. A terminal sends its Ctrl-C to the whole foreground group: a child in it has got it as well.
  struct Arrived {
    int signal = 0;
    bool from_terminal = false;
  };
  /// Takes the next one; nothing when none has arrived. Never blocks.
  [[nodiscard]] std::optional<Arrived> take_one() noexcept;

  /// The exit code of a program that such a signal has ended, as shells have it: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP. That of the last
  /// signal that was taken, else of one that waits, else 130.
  [[nodiscard]] static int exit_code() noexcept;

 private:
  explicit Interrupts(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace devinit::os
