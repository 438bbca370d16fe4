#include "os/exit_status.hpp"

#include <sys/wait.h>

#include "os/signals.hpp"

namespace devinit::os {

std::optional<int> ExitStatus::code() const noexcept {
  if (!WIFEXITED(status_)) return std::nullopt;
  return WEXITSTATUS(status_);
}

std::optional<int> ExitStatus::signal() const noexcept {
  if (!WIFSIGNALED(status_)) return std::nullopt;
  return WTERMSIG(status_);
}

std::string ExitStatus::describe() const {
  if (const auto exit_code = code()) return "exited with code " + std::to_string(*exit_code);
  if (const auto number = signal()) {
    return "killed by " + signal_name(*number) + (WCOREDUMP(status_) ? " (core dumped)" : "");
  }
  if (WIFSTOPPED(status_)) return "stopped by " + signal_name(WSTOPSIG(status_));
  return "continued";
}

}  // namespace devinit::os
