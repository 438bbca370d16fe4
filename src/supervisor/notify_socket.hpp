#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace devinit::supervisor {

/// "READY=1", "STATUS=…": one datagram of sd_notify(3), as (name, value) in its order. Lines without `=` and what is not UTF-8 are dropped.
using Notification = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Notification parse_notification(std::string_view datagram);

/// The datagram socket of one service, in the abstract namespace: gone with us, no file. Messages of processes outside the service's tree are
/// dropped (SCM_CREDENTIALS), and so is all beyond 100 messages a turn of the loop.
class NotifySocket {
 public:
  /// `is_ours` decides about the sender's pid.
  [[nodiscard]] static Result<std::unique_ptr<NotifySocket>> open(boost::asio::io_context& loop, std::function<bool(pid_t)> is_ours,
                                                                  std::function<void(const Notification&)> on_message);
  /// For NOTIFY_SOCKET: "@devinit-…".
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
  NotifySocket(boost::asio::posix::stream_descriptor socket, std::string address, std::function<bool(pid_t)> is_ours,
               std::function<void(const Notification&)> on_message);
  void listen();
  void on_readable();

  boost::asio::posix::stream_descriptor socket_;
  std::string address_;
  std::function<bool(pid_t)> is_ours_;
  std::function<void(const Notification&)> on_message_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
