#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/service_specs.hpp"
#include "os/cgroup.hpp"
#include "os/process.hpp"

namespace devinit::supervisor {

/// Keeps services within `limits.memory` and `limits.cpu`: by a control group of their own where one can be made, else by looking at the
/// memory of their trees once a second (processor time cannot be limited then, which is said once). Nothing is looked at when no service has a
/// limit.
class LimitWatch {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// Its tree takes more memory than it may, by our own look; the observer ends it. `text`: "takes 1.2 GB of memory, more than its limit of 1 GB".
    virtual void on_exceeded(const std::string& service, const std::string& text) = 0;
    /// Something that the user should know: a limit that cannot be enforced here.
    virtual void on_limit_warning(const std::string& service, const std::string& text) = 0;
  };
  LimitWatch(boost::asio::io_context& loop, Observer& observer);
  ~LimitWatch();

  /// Before the spawn: makes the control group if there is a limit and one can be made. A descriptor of its cgroup.procs for SpawnRequest::cgroup,
  /// or -1; it stays ours.
  [[nodiscard]] int prepare(const std::string& service, const config::LimitsSpec& limits);
  /// After the spawn, when there was no group to be had: looks at the tree below `guardian`.
  void watch(const std::string& service, pid_t guardian);
  /// The run is over. Why the kernel killed something in it, if it did for want of memory: "out of memory: its limit is 1 GB", "out of memory: the
  /// machine has none left"; empty otherwise.
  [[nodiscard]] std::string forget(const std::string& service);
  /// SIGKILL to the whole control group at once; false when the service has none.
  bool kill(const std::string& service);

 private:
  struct Entry;
  void schedule();
  void look();

  Observer& observer_;
  boost::asio::steady_timer timer_;
  bool scheduled_ = false;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace devinit::supervisor
