#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "base/port.hpp"
#include "config/project_config.hpp"
#include "os/process.hpp"
#include "os/sockets.hpp"

namespace devinit::supervisor {

class HttpProbe;

/// Watches services that are starting until each is *proven* ready: a listening socket on its port whose inode is held by a process of
/// its own tree. Somebody else who answers on the port does not count, nor does a connection of the port to itself.
///
/// The kernel tells nobody about listen(2), so its table is asked every 1 to 5 ms, one question for all services that are starting (40 µs);
/// when none is, nothing wakes up.
class Readiness {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// `detail` is empty, or a remark ("unproven: …").
    virtual void on_ready(const std::string& service, const std::string& detail) = 0;
    /// It has listened on `port` and on none of its own ports for a while.
    virtual void on_listens_elsewhere(const std::string& service, Port port) = 0;
    /// A process that is not of the service listens on its port.
    virtual void on_foreign_listener(const std::string& service, Port port) = 0;
  };

  Readiness(boost::asio::io_context& loop, Observer& observer);
  ~Readiness();

  struct Watched {
    std::string service;
    Port port = 0;  ///< 0: none; ready once it has lived for a moment
    std::vector<Port> named_ports;
    pid_t guardian = 0;
    config::ProbeSpec spec;
    std::string host = {};  ///< the address that it binds, as far as it is known
  };
  void watch(Watched watched);
  /// The port that counts from now on (after an adoption).
  void expect_port(const std::string& service, Port port);
  void forget(const std::string& service);

  /// True when a process below `guardian` listens on `port`.
  [[nodiscard]] static bool serves(pid_t guardian, Port port);

 private:
  struct Entry {
    Watched watched;
    TimePoint since;
    std::optional<Port> elsewhere;     ///< listens there instead
    TimePoint elsewhere_since;
    bool foreign_told = false;
    TimePoint last_look{};             ///< at the owners of its port
    std::unique_ptr<HttpProbe> http;   ///< once it listens, when the configuration asks for an answer
  };
  void schedule();
  void poll();
  void examine(Entry& entry, const std::vector<os::Listener>& listeners, TimePoint now);
  void listening(Entry& entry, const std::string& detail);
  void find_strays(const std::vector<os::Listener>& listeners, TimePoint now);

  boost::asio::io_context& loop_;
  Observer& observer_;
  boost::asio::steady_timer timer_;
  bool scheduled_ = false;
  std::map<std::string, Entry> entries_;
  std::set<std::uint64_t> known_inodes_;  ///< listeners that were there before, or have been looked at
};

}  // namespace devinit::supervisor
