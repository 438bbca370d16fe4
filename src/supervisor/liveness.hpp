#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "supervisor/probe.hpp"
#include "supervisor/probe_target.hpp"
#include "supervisor/service_listeners.hpp"

namespace devinit::supervisor {

/// Asks services that were ready, again and again, whether they still are: every `period`, after `initial_delay`; `failure_threshold` bad answers
/// in a row (3 when the configuration says nothing) are news, and so are `success_threshold` good ones after that.
///
/// - ProbeKind::port: a process of its own tree listens on its port (of a service of others: anybody). The kernel's table is asked once for all
///   services of the same period.
/// - ProbeKind::log: a line matches in every `period`.
/// - ProbeKind::notify is a watchdog: silence for `period` is the bad answer (threshold 1).
/// - ProbeKind::none and delay are never watched.
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

  /// Instead of what was asked of the service before; it counts as healthy.
  void watch(ProbeTarget target);
  /// It said WATCHDOG=1.
  void alive(const std::string& service);
  void forget(const std::string& service);
  /// Adds the guardians of probes that run a command now: they are no orphans of a service.
  void add_guardians(std::vector<os::ProcessIdentity>& guardians) const;

 private:
  struct Entry;

  void arm();
  void look_around();
  void ask(Entry& entry, std::optional<ListenerTable>& table);
  [[nodiscard]] static Answer listens(Entry& entry, const ListenerTable& table);
  void answered(const std::string& service, const Answer& answer);
  void settle(Entry& entry, const Answer& answer);

  boost::asio::io_context& loop_;
  Observer& observer_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_;  ///< what timer_ waits for
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
