#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/service_machine.hpp"
#include "supervisor/connection_drain.hpp"
#include "supervisor/hooks.hpp"
#include "supervisor/limit_watch.hpp"
#include "supervisor/liveness.hpp"
#include "supervisor/notify_socket.hpp"
#include "supervisor/scheduler.hpp"
#include "supervisor/task_record.hpp"
#include "supervisor/watcher.hpp"

namespace devinit::supervisor {

/// What accompanies services beside their processes: hooks, limits, probes of those that are up, watches, times, what they say of themselves.
/// None of it costs anything for a service that does not ask for it.
class Companions : Liveness::Observer, LimitWatch::Observer, Watcher::Observer {
 public:
  struct Observer {
    virtual ~Observer() = default;
    /// unhealthy, healthy, exceeded (the processes are the observer's to end), run.
    virtual void on_companion(const std::string& service, engine::ServiceMachine::Event event) = 0;
    virtual void on_files_changed(const std::string& service, const std::string& summary) = 0;
    virtual void on_remark(const std::string& level, const std::string& service, const std::string& text) = 0;
  };
  /// `root` of the project; `data`: where the record of done tasks is. `lost` outlives it.
  Companions(boost::asio::io_context& loop, const std::string& root, const std::string& data, LostGuardians& lost, Observer& observer);
  Companions(const Companions&) = delete;
  Companions& operator=(const Companions&) = delete;
  ~Companions() override = default;

  Hooks hooks;
  ConnectionDrain drain;
  Liveness liveness;
  LimitWatch limits;
  Watcher watcher;
  Scheduler schedule;
  TaskRecord tasks;
  std::map<std::string, std::unique_ptr<NotifySocket>> notify;
  std::map<std::string, std::string> status;  ///< what services say of themselves

  /// STATUS and WATCHDOG; true when what the service says of itself has changed.
  bool on_notification(const std::string& service, const Notification& message);
  /// The run of a service is over. Why the kernel ended a process of it for want of memory, if it did (LimitWatch::forget).
  std::string end_run(const std::string& service);
  /// Appends the guardians of hooks and probes that run now.
  void add_guardians(std::vector<os::ProcessIdentity>& guardians) const;
  /// It is down and stays so.
  void forget(const std::string& service);

 private:
  void on_unhealthy(const std::string& service, const std::string& why) override;
  void on_healthy(const std::string& service) override;
  void on_exceeded(const std::string& service, const std::string& text) override;
  void on_limit_warning(const std::string& service, const std::string& text) override;
  void on_files_changed(const std::string& service, const std::string& summary) override;
  void on_watch_problem(const std::string& service, const std::string& text) override;

  Observer& observer_;
};

}  // namespace devinit::supervisor
