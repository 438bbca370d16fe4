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

/// Services whose guardian was killed. We are a subreaper: what it guarded is our own descendant now, and gets SIGKILL until none is left.
class LostGuardians {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// Guardians that live, and other children of ours that belong to nobody.
    [[nodiscard]] virtual std::vector<os::ProcessIdentity> living_guardians() const = 0;
    /// Nothing is left of it, or, with `survived`, something that cannot be ended.
    virtual void on_orphans_ended(const std::string& service, bool survived) = 0;
  };
  LostGuardians(boost::asio::io_context& loop, Observer& observer) : observer_(observer), timer_(loop) {}

  void add(const std::string& service);
  /// A shared daemon that became our child: left alone.
  void spare(pid_t pid) { spared_.insert(pid); }
  /// A child of ours has ended.
  void reaped(pid_t pid) { spared_.erase(pid); }
  [[nodiscard]] bool contains(const std::string& service) const { return lost_.contains(service); }
  [[nodiscard]] bool empty() const noexcept { return lost_.empty(); }

 private:
  void round();

  Observer& observer_;
  boost::asio::steady_timer timer_;
  std::set<std::string> lost_;
  std::optional<TimePoint> deadline_;
  int empty_scans_ = 0;  ///< in a row
  std::set<pid_t> spared_;
};

}  // namespace devinit::supervisor
