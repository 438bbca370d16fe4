#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "os/sockets.hpp"
#include "supervisor/port_holdings.hpp"

namespace devinit::supervisor {

/// Before a run that has inherited its socket is told to end for another one. Servers close what they have accepted and not read yet when they are
/// told to end, which resets it. So new connections are led to a socket for the next run, and this one gets the time to accept and read what was
/// there: a few milliseconds of a server that serves.
///
/// A server that does not accept (it hangs, or it works on one request at a time and more are waiting) is not waited for: its queue is better left
/// to the next run. What cannot be helped: a client that has been answered and asks again over the same connection at the very moment of its end.
class ConnectionDrain {
 public:
  /// Leads new connections elsewhere; false when that cannot be had.
  using Relieve = std::function<bool()>;
  using Done = std::function<void()>;
  explicit ConnectionDrain(boost::asio::io_context& loop);
  ~ConnectionDrain();
  ConnectionDrain(const ConnectionDrain&) = delete;
  ConnectionDrain& operator=(const ConnectionDrain&) = delete;

  /// Calls `done` once, in this call or within kAcceptPatience + kDrainLimit, unless the service is forgotten before. One at a time for a service.
  void begin(const std::string& service, PortHoldings::Inherited held, Relieve relieve, Done done);
  /// The run has ended, or nobody waits for it any more.
  void forget(const std::string& service);

  static constexpr Millis kAcceptPatience{100};  ///< for the queue to be empty once
  static constexpr Millis kDrainLimit{500};      ///< for everything after that
  static constexpr Millis kFirstWords{100};      ///< who has connected and says nothing for longer is no request under way

 private:
  struct Entry;
  void look(const std::string& service);
  void look_again(const std::string& service, Entry& entry);
  void finish(const std::string& service);

  boost::asio::io_context& loop_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

/// Nothing of what a server has accepted is to be read, or is about to come.
[[nodiscard]] bool all_read(const std::vector<os::Connection>& connections);

}  // namespace devinit::supervisor
