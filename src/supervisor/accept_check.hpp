#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "base/duration.hpp"
#include "supervisor/probe_target.hpp"
#include "supervisor/service_listeners.hpp"

namespace devinit::supervisor {

/// Whether a service that inherited its listening socket accepts: a connection of ours waits in the socket's queue until it does. That somebody
/// listens proves nothing here, since we opened the socket ourselves.
class AcceptCheck {
 public:
  AcceptCheck(boost::asio::io_context& loop, const ProbeTarget& target);
  ~AcceptCheck();
  AcceptCheck(const AcceptCheck&) = delete;
  AcceptCheck& operator=(const AcceptCheck&) = delete;

  /// `listeners`: as the kernel lists them now.
  [[nodiscard]] bool accepted(const ListenerTable& listeners);

 private:
  struct Connection;
  void connect();

  boost::asio::io_context& loop_;
  std::vector<boost::asio::ip::tcp::endpoint> addresses_;
  std::size_t next_ = 0;
  Port port_;
  TimePoint last_question_{};
  std::shared_ptr<Connection> connection_;
};

}  // namespace devinit::supervisor
