#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/duration.hpp"
#include "base/result.hpp"
#include "os/spawn.hpp"
#include "supervisor/service_process.hpp"

namespace devinit::supervisor {

/// A short command beside a service: a probe, a hook, a stop command. It has a guardian of its own, as a service has, so that nothing of it
/// survives us, its time limit or its end: what its first process leaves behind is ended with SIGKILL.
class GuardedCommand {
 public:
  struct Ended {
    std::optional<int> code;  ///< exit code; nothing when it was ended by a signal or could not be executed
    bool timed_out = false;
    bool killed = false;      ///< `kill` was called
    bool lost = false;        ///< its guardian was killed: what it guarded is a descendant of ours, and for who is told to end (LostGuardians)
    std::string text;         ///< "exited with code 1", "did not end within 5s", "cannot run `x`: …"
    [[nodiscard]] bool success() const noexcept { return code == 0; }
  };
  using Listener = std::function<void(const Ended&)>;

  /// `request` as `command_request` makes it. `on_end` is called once, on the loop's thread, when nothing of the command is left (or it is
  /// `lost`), never from within `launch`; it may destroy the command. Without `limit` it may take for ever.
  [[nodiscard]] static Result<std::unique_ptr<GuardedCommand>> launch(boost::asio::io_context& loop, os::SpawnRequest request,
                                                                      std::optional<Millis> limit, Listener on_end);
  /// Ends the command at once; `on_end` is not called any more.
  ~GuardedCommand();

  /// Ends the command at once; `on_end` follows when nothing of it is left.
  void kill();
  [[nodiscard]] const os::ProcessIdentity& guardian() const noexcept { return process_->guardian(); }

 private:
  GuardedCommand(boost::asio::io_context& loop, std::optional<Millis> limit, Listener on_end);
  void limit_end();
  void on_report(const std::optional<guardian::Report>& report);
  void end(Ended ended);

  std::unique_ptr<ServiceProcess> process_;
  boost::asio::steady_timer timer_;
  std::optional<Millis> limit_;
  Listener on_end_;
  bool timed_out_ = false;
  bool killed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
