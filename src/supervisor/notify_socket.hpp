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
#include "os/datagram_socket.hpp"

namespace devinit::supervisor {

/// "READY=1", "STATUS=…": one datagram of sd_notify(3), as (name, value) in its order. Lines without `=` and what is not UTF-8 are dropped.
using Notification = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Notification parse_notification(std::string_view datagram);

/// The datagram socket of one service, in the abstract namespace: gone with us, no file. Messages of other users and of living processes outside
/// the service's tree are dropped (SCM_CREDENTIALS), and so is what has more than 4 KB. At most 100 messages are taken a turn of the loop:
/// a flood waits in the kernel's queue, and its sender with it. Descriptors that come along are closed, as BARRIER=1 wants it.
class NotifySocket {
 public:
  /// `is_ours` decides about the sender's pid. `on_message` may destroy the socket. Errc::io when the kernel gives no socket.
  [[nodiscard]] static Result<std::unique_ptr<NotifySocket>> open(boost::asio::io_context& loop, std::function<bool(pid_t)> is_ours,
                                                                  std::function<void(const Notification&)> on_message);
  /// For NOTIFY_SOCKET: "@devinit-…".
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
  NotifySocket(boost::asio::posix::stream_descriptor socket, std::string address, std::function<bool(pid_t)> is_ours,
               std::function<void(const Notification&)> on_message);
  void listen();
  void on_readable();
  [[nodiscard]] bool may_speak(const os::Datagram& datagram) const;

  boost::asio::posix::stream_descriptor socket_;
  std::string address_;
  std::function<bool(pid_t)> is_ours_;
  std::function<void(const Notification&)> on_message_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
