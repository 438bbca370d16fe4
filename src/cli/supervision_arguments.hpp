#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "base/result.hpp"

namespace devinit::cli {

/// What `devinit wait` waits for.
enum class WaitFor { ready, started, completed, stopped };
/// "ready", "started", "completed", "stopped".
[[nodiscard]] const char* to_string(WaitFor goal) noexcept;

/// What start, stop, restart, up, status, wait, graph, exec and test take beside the names of services.
struct SupervisionArguments {
  std::vector<std::string> profiles;  ///< --profile, split at commas
  std::optional<Millis> timeout;      ///< wait, stop
  WaitFor wait_for = WaitFor::ready;
  bool dot = false;                   ///< graph
  std::string exit_code_from;         ///< up; empty: not said
  bool abort_on_failure = false;      ///< up
  std::vector<std::string> command;   ///< exec, test: as it was typed; never empty
};

/// The same as the parser left it. An option that was not given is nothing; one that was given empty is an empty text.
struct SupervisionWords {
  std::optional<std::string> timeout, wait_for, exit_code_from;
  std::vector<std::string> profiles, services, command;
  bool dot = false;
  bool abort_on_failure = false;
};
/// Every value checked, nothing done. Errc::usage with a hint; `needs_command`: of `exec` and `test`.
[[nodiscard]] Result<SupervisionArguments> read_supervision_arguments(const SupervisionWords& words, bool needs_command);

}  // namespace devinit::cli
