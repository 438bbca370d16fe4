#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/duration.hpp"
#include "supervisor/start_context.hpp"

namespace devinit::supervisor {

/// What is known of a service beyond one run.
struct ServiceMemory {
  StartContextPtr context;            ///< what it was started with
  int unfenced_retries = 0;
  std::optional<int> exit_code = {};  ///< of the last run, if that ended by itself; until the next spawn
  bool unusable = false;              ///< nobody holds its main port, and it cannot bind it
  std::uint64_t log_start = 0;        ///< where its log stood when it was last told to start
  std::string obstacle = {};          ///< why it was not ready when it was last told to end
  TimePoint stop_by{};                ///< end of the grace that its hooks, its stop command and its processes share
};

}  // namespace devinit::supervisor
