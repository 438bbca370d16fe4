#pragma once

#include <optional>
#include <string>

#include "api/messages.hpp"
#include "cli/project.hpp"
#include "cli/run_lease.hpp"

namespace devinit::cli {

/// Turns the supervisor's events into what the user of a run sees, and the port that was claimed into a lease. All that it is
/// given outlives it.
class RunObserver {
 public:
  RunObserver(const Project& project, const config::RunSettings& settings, const RunWish& wish, RunTalk& talk, RunLease& lease)
      : project_(project), settings_(settings), talk_(talk), lease_(lease), history_(wish.reason) {}

  void on(const api::Event& event);

  /// Of the command, when it ended by itself.
  [[nodiscard]] std::optional<int> exit_code() const noexcept { return exit_code_; }
  /// The wanted port is held by a service of a live devinit.
  [[nodiscard]] bool met_devinit() const noexcept { return met_devinit_; }

 private:
  void on_service(const engine::ServiceSnapshot& service);
  void on_moved(const api::PortMoved& moved);
  void show_start(Port port);
  void take_lease(Port port);
  [[nodiscard]] RunBanner banner(Port port) const;

  const Project& project_;
  const config::RunSettings& settings_;
  RunTalk& talk_;
  RunLease& lease_;
  std::string history_;  ///< of the port, as the banner tells it
  bool shown_ = false;
  bool ready_ = false;
  bool met_devinit_ = false;
  std::optional<int> exit_code_;
};

}  // namespace devinit::cli
