#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "base/port.hpp"
#include "supervisor/accept_check.hpp"
#include "supervisor/notify_socket.hpp"
#include "supervisor/port_proof.hpp"
#include "supervisor/probe.hpp"
#include "supervisor/probe_target.hpp"
#include "supervisor/service_listeners.hpp"
#include "supervisor/tally.hpp"

namespace devinit::supervisor {

/// Watches services that are starting until each is *proven* ready, in two steps:
///
/// 1. **It listens**: a listening socket on its port whose inode is held by a process of its own tree. Somebody else who answers on the port
///    does not count, nor does a connection of the port to itself. Of a service with an inherited socket: it accepts a connection. Of one that
///    others run (no guardian): anybody listens.
/// 2. **It says so** in the way that its probe names: http, exec, log, notify, file.
///
/// ProbeKind::port is step 1 alone. The kinds `none` and `delay` are time alone. The others ask both of a service that has a port, for a service
/// that is ready while nobody listens would be a lie, and step 2 alone of one that has none. With `http` the answer itself is step 1 where no
/// owner can be proven (inherited sockets, services of others).
///
/// The first attempt is made after `initial_delay`. `success_threshold` good answers in a row are needed, one `period` apart. Bad answers count
/// once a `period` towards `failure_threshold`, those of step 2 from the moment that step 1 is proven.
///
/// The kernel tells nobody about listen(2), so its table is asked every 1 to 5 ms, one question for all services that are starting (40 µs), and
/// log and file probes with it; when none of these is, nothing wakes up but what the periods say.
class Readiness {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// `detail` is empty, or a remark ("unproven: …"). The service is watched no more.
    virtual void on_ready(const std::string& service, const std::string& detail) = 0;
    /// `failure_threshold` bad answers in a row; `why` is the last one: "GET /health answered 503". It is watched on: told again after as many more.
    virtual void on_not_ready(const std::string& service, const std::string& why) = 0;
    /// It has listened on `port` and on none of its own ports for a while.
    virtual void on_listens_elsewhere(const std::string& service, Port port) = 0;
    /// `reason` has changed for one that others run: nothing else would tell.
    virtual void on_reason(const std::string& /*service*/) {}
    /// A process that is not of the service listens on its port.
    virtual void on_foreign_listener(const std::string& service, Port port) = 0;
  };

  Readiness(boost::asio::io_context& loop, Observer& observer);
  ~Readiness();

  /// A target whose kind needs a port and that has none is ready once it has lived for a moment.
  void watch(ProbeTarget target);
  /// The port that counts from now on (after an adoption).
  void expect_port(const std::string& service, Port port);
  /// What it said on its notify socket. After READY=1 the observer is told, on the loop, once the service listens.
  void notified(const std::string& service, const Notification& message);
  void forget(const std::string& service);

  /// Why the service is not ready yet, as its last answer has it: "nobody listens on port 9200". Empty when nothing is known, or it is not watched.
  [[nodiscard]] std::string reason(const std::string& service) const;
  /// Adds the guardians of probes that run a command now: they are no orphans of a service.
  void add_guardians(std::vector<os::ProcessIdentity>& guardians) const;

  /// True when a process below `guardian` listens on `port`.
  [[nodiscard]] static bool serves(pid_t guardian, Port port);

 private:
  struct Entry;
  using Table = std::optional<ListenerTable>;

  [[nodiscard]] Entry* find(const std::string& service);
  void arm();
  void arm(std::optional<TimePoint> at);
  [[nodiscard]] std::optional<TimePoint> due(const Entry& entry, TimePoint tick) const;
  [[nodiscard]] TimePoint next_tick(TimePoint now) const;
  void look_around();
  void look(Entry& entry, const Table& table, TimePoint now);
  [[nodiscard]] bool still_to_listen(Entry& entry, const Table& table, TimePoint now);
  void ask(Entry& entry, TimePoint now);
  void silence(Entry& entry, std::string why, TimePoint now);
  void answered(const std::string& service, const Answer& answer);
  void settle(Entry& entry, const Answer& answer, TimePoint now);

  boost::asio::io_context& loop_;
  Observer& observer_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_;   ///< what timer_ waits for
  TimePoint last_tick_{};
  PortProof proof_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
