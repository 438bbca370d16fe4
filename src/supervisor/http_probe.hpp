#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/port.hpp"
#include "config/project_config.hpp"

namespace devinit::supervisor {

/// Asks `GET path` of 127.0.0.1 (then ::1), or of the one address of the network that the server binds, again and again until the status is the wanted one. One attempt at a time, each with
/// `spec.timeout`, `spec.period` between them. Destroying it ends the attempts.
class HttpProbe {
 public:
  /// `on_success` is called once, on the loop's thread; it may destroy the probe.
  HttpProbe(boost::asio::io_context& loop, Port port, const std::string& host, config::ProbeSpec spec, std::function<void()> on_success);
  ~HttpProbe();

 private:
  struct Attempt;
  void start();
  void finished(int status);

  boost::asio::io_context& loop_;
  Port port_;
  config::ProbeSpec spec_;
  std::function<void()> on_success_;
  boost::asio::steady_timer pause_;
  std::shared_ptr<Attempt> attempt_;
  std::optional<boost::asio::ip::address> only_;  ///< the server does not bind loopback
  bool use_ipv6_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
