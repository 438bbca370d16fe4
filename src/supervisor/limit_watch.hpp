#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "config/service_specs.hpp"
#include "os/cgroup.hpp"

namespace devinit::supervisor {

/// Keeps services within `limits.memory` and `limits.cpu`: by a control group of their own where one can be made, else by looking at the
/// memory of their trees once a second (processor time cannot be limited then; either is said once). Nothing is looked at when no service has a
/// limit. Where groups can be made every service has one, limit or not (0.1 ms a run): its guardian ends with it what forks without a pause.
class LimitWatch {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// Its tree takes more memory than it may, by our own look; the observer ends it. `text`: "takes 1.2 GB of memory, more than its limit of 1 GB".
    /// Once a run. It may call `forget`.
    virtual void on_exceeded(const std::string& service, const std::string& text) = 0;
    /// Something that the user should know: a limit that cannot be enforced here.
    virtual void on_limit_warning(const std::string& service, const std::string& text) = 0;
  };
  LimitWatch(boost::asio::io_context& loop, Observer& observer);
  ~LimitWatch();

  /// Before the spawn: makes the control group if one can be made. Its folder, for the guardian's kCgroupFd, or -1; it stays ours.
  [[nodiscard]] int prepare(const std::string& service, const config::LimitsSpec& limits);
  /// After every spawn: looks at the tree below `guardian`, if no group limits its memory.
  void watch(const std::string& service, pid_t guardian);
  /// The run is over. Why the kernel may have killed something in it for want of memory: "out of memory: its limit is 1 GB", "out of memory: the
  /// machine has none left"; the latter is true only of who died of SIGKILL. Empty otherwise, and when it is forgotten already.
  [[nodiscard]] std::string forget(const std::string& service);
  /// SIGKILL to the whole control group at once, also to shared daemons, but not to the guardian (which does it by itself where it spares nobody);
  /// false when the service has none.
  bool kill(const std::string& service);

 private:
  struct Entry;
  [[nodiscard]] Result<os::Cgroup> make_group(const std::string& service);
  [[nodiscard]] bool enforce_memory(const std::string& service, Result<os::Cgroup>& group, std::uint64_t limit);
  void enforce_cpu(const std::string& service, Result<os::Cgroup>& group, double limit);
  void schedule();
  void look();
  [[nodiscard]] static std::optional<std::string> excess_of(const Entry& entry);

  Observer& observer_;
  boost::asio::steady_timer timer_;
  bool scheduled_ = false;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::uint64_t groups_ = 0;        ///< so many were made: makes the names of groups unique
  std::optional<Error> refusal_;    ///< why no group can be made here: not tried again
  bool memory_warned_ = false;
  bool cpu_warned_ = false;
};

}  // namespace devinit::supervisor
