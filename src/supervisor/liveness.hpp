#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>

#include "supervisor/probe_target.hpp"

namespace devinit::supervisor {

/// Asks services that were ready, again and again, whether they still are: every `period`, after `initial_delay`; `failure_threshold` bad answers
/// in a row (3 when the configuration says nothing) are news, and so are `success_threshold` good ones after that. ProbeKind::notify is a
/// watchdog: silence for `period` is the bad answer (threshold 1).
class Liveness {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// Each once per change. `why`: "GET /health answered 503", "nobody listens on port 8000", "no WATCHDOG=1 for 10s".
    virtual void on_unhealthy(const std::string& service, const std::string& why) = 0;
    virtual void on_healthy(const std::string& service) = 0;
  };
  Liveness(boost::asio::io_context& loop, Observer& observer);
  ~Liveness();

  void watch(ProbeTarget target);
  /// It said WATCHDOG=1.
  void alive(const std::string& service);
  void forget(const std::string& service);

 private:
  struct Entry;
  boost::asio::io_context& loop_;
  Observer& observer_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace devinit::supervisor
