#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "config/service_specs.hpp"

namespace devinit::supervisor {

/// Says when the time of scheduled services has come. An interval is counted on the steady clock, from start to start. A cron time is local wall
/// clock time: it is looked at once a minute at least, so that a clock that is set forward or back, or a suspended machine, is noticed; a time that
/// was slept through is made up for once, and none comes twice.
class Scheduler {
 public:
  Scheduler(boost::asio::io_context& loop, std::function<void(const std::string& service)> on_due);

  /// Waits for the next time, counted from the last time it was due, or from now when it never was.
  void await(const std::string& service, const config::ScheduleSpec& spec);
  void forget(const std::string& service);
  /// Wall clock seconds; 0 when it is not awaited.
  [[nodiscard]] std::int64_t next_run(const std::string& service) const;

 private:
  struct Entry {
    config::ScheduleSpec spec;
    TimePoint last_due{};            ///< of an interval
    TimePoint due{};                 ///< of an interval
    std::int64_t due_wall = 0;       ///< of a cron time
    bool awaited = false;
  };
  void arm();
  void tell_due();

  boost::asio::steady_timer timer_;
  std::function<void(const std::string&)> on_due_;
  std::map<std::string, Entry> entries_;
};

}  // namespace devinit::supervisor
