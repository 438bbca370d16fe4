#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/supervision_arguments.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// When an `up` ends by itself: --exit-code-from, --abort-on-failure. Pure; is told every service as it changes.
class Ending {
 public:
  /// `services`: those the `up` is about. `source`: whose exit code counts; empty: nobody's.
  Ending(std::vector<std::string> services, std::string source, bool abort_on_failure);

  /// True when the whole `up` is to end because of this.
  [[nodiscard]] bool on(const engine::ServiceSnapshot& service);
  /// The service that `on` said true for. Its failure has to be told when it is one.
  [[nodiscard]] const std::optional<engine::ServiceSnapshot>& culprit() const noexcept { return culprit_; }
  /// The code for the shell, once there is a culprit: its own with --exit-code-from, else 1.
  [[nodiscard]] int exit_code() const noexcept;

 private:
  std::vector<std::string> services_;
  std::string source_;
  bool abort_on_failure_;
  bool source_seen_ = false;  ///< it was on its way: what was over before we came does not count
  std::optional<engine::ServiceSnapshot> culprit_;
};

}  // namespace devinit::cli
