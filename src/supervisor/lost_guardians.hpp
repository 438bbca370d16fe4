#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "os/process.hpp"

namespace devinit::supervisor {

/// What was guarded by guardians that were killed. We are a subreaper: it is our own descendant now, and gets SIGKILL until none is left.
class LostGuardians {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// Guardians that live, and other children of ours that belong to nobody: all else below us is ended.
    [[nodiscard]] virtual std::vector<os::ProcessIdentity> living_guardians() const = 0;
  };
  /// Nothing is left of it, or, with `survived`, something that cannot be ended.
  using Then = std::function<void(bool survived)>;
  LostGuardians(boost::asio::io_context& loop, Observer& observer) : observer_(observer), timer_(loop) {}

  /// The guardian of a run of `service`, or, when that is empty, of a command beside one: it lives no more, or nobody wants it any more. `then` is
  /// called later, on the loop.
  void add(const std::string& service, Then then);
  /// A shared daemon that became our child: left alone.
  void spare(pid_t pid) { spared_.insert(pid); }
  /// A child of ours has ended.
  void reaped(pid_t pid) { spared_.erase(pid); }
  [[nodiscard]] bool contains(const std::string& service) const;
  [[nodiscard]] bool empty() const noexcept { return lost_.empty(); }

 private:
  struct Lost {
    std::string service;
    Then then;
  };
  void round_after(Millis pause);
  void round();

  Observer& observer_;
  boost::asio::steady_timer timer_;
  std::vector<Lost> lost_;
  std::optional<TimePoint> deadline_;
  int empty_scans_ = 0;  ///< in a row
  std::set<pid_t> spared_;
};

}  // namespace devinit::supervisor
