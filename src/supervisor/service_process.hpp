#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "config/project_config.hpp"
#include "guardian/protocol.hpp"
#include "os/process.hpp"
#include "os/spawn.hpp"

namespace devinit::supervisor {

/// One running guardian and through it one service. Lives from the spawn until `empty`, `exec_failed`, `survivors` or the loss of the guardian was
/// reported. Destroying it closes the control socket, upon which the guardian ends the tree.
class ServiceProcess {
 public:
  /// Called on the loop's thread for every report. Nothing: the guardian is gone without having said that its tree is empty.
  using Listener = std::function<void(const std::optional<guardian::Report>&)>;

  [[nodiscard]] static Result<std::unique_ptr<ServiceProcess>> launch(boost::asio::io_context& loop, os::SpawnRequest request,
                                                                      Listener listener);

  [[nodiscard]] const os::ProcessIdentity& guardian() const noexcept { return guardian_; }
  [[nodiscard]] const std::optional<os::ProcessIdentity>& leader() const noexcept { return leader_; }
  void stop(const config::StopSpec& how);
  void kill();
  /// To the leader alone, if it runs; nothing else changes.
  void signal(int number);

 private:
  ServiceProcess(boost::asio::posix::stream_descriptor control, os::ProcessIdentity guardian, Listener listener);
  void listen();
  void on_readable();

  boost::asio::posix::stream_descriptor control_;
  os::ProcessIdentity guardian_;
  std::optional<os::ProcessIdentity> leader_;
  Listener listener_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

/// A run of a service, and what must be known about it when it ends.
struct Running {
  std::unique_ptr<ServiceProcess> process;
  std::uint64_t log_start = 0;   ///< size of the log when this run began
  bool fenced = true;
  bool met_busy_port = false;    ///< said so in its log before its first process ended
};

}  // namespace devinit::supervisor
