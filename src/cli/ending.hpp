#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/messages.hpp"

namespace devinit::cli {

/// When an `up` ends by itself: --exit-code-from, --abort-on-failure. Pure; is told every event as it comes.
class Ending {
 public:
  /// `services`: those the `up` is about. `source`: whose exit code counts; empty: nobody's.
  Ending(std::vector<std::string> services, std::string source, bool abort_on_failure);

  /// True when the whole `up` is to be ended because of this. Not for a failure during the start, nor after a failed `Done`: then it ends by itself,
  /// and to be told so once more would cut the grace of its services short.
  [[nodiscard]] bool on(const api::Event& event);
  /// The service that decided. Its failure has to be told when it is one.
  [[nodiscard]] const std::optional<engine::ServiceSnapshot>& culprit() const noexcept { return culprit_; }
  /// The code for the shell, once there is a culprit: its own with --exit-code-from, else 1. 0 only for what ended well.
  [[nodiscard]] int exit_code() const noexcept;

 private:
  [[nodiscard]] bool on(const engine::ServiceSnapshot& service);
  [[nodiscard]] bool on(const api::Done& done);
  [[nodiscard]] bool decides(const engine::ServiceSnapshot& service);

  std::vector<std::string> services_;
  std::string source_;
  bool abort_on_failure_;
  bool source_seen_ = false;  ///< it was on its way: what was over before we came does not count
  bool ready_ = false;        ///< all was ready once
  bool over_ = false;         ///< it ends by itself
  std::optional<engine::ServiceSnapshot> culprit_;
};

}  // namespace devinit::cli
