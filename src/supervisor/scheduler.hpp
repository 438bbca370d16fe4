#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/cron.hpp"
#include "config/service_config.hpp"

namespace devinit::supervisor {

/// The wall clock, and how often to look at it: it may be set at any time, and nobody is told.
struct WallClock {
  using TimePoint = std::chrono::system_clock::time_point;
  std::function<TimePoint()> now = std::chrono::system_clock::now;
  Millis look_every{60'000};
};

/// Says when the time of scheduled services has come. An interval is counted on the steady clock, from start to start. A cron time is local wall
/// clock time: it is looked at once a minute at least, so that a clock that is set forward or back, or a suspended machine, is noticed; a time that
/// was slept through is made up for once, and none comes twice when the clock goes back by up to three hours. When it goes back further it was
/// wrong before, and what was due by it does not count.
class Scheduler {
 public:
  /// `on_due` is called from the loop, never from within a call of ours; it may call us. The service is not awaited any more then.
  Scheduler(boost::asio::io_context& loop, std::function<void(const std::string& service)> on_due, WallClock clock = {});

  /// Waits for the next time, counted from the last time it was due, or from now when it never was. An interval that is over by then is due at once.
  void await(const std::string& service, const config::ScheduleSpec& spec);
  /// Forgets also when it was due.
  void forget(const std::string& service);
  /// Wall clock seconds; 0 when it is not awaited, or its time never comes (30 February).
  [[nodiscard]] std::int64_t next_run(const std::string& service) const;

 private:
  struct Entry {
    config::ScheduleSpec spec;
    std::optional<config::Cron> cron;          ///< else it is an interval
    bool awaited = false;
    bool was_due = false;
    TimePoint last_due{};                      ///< of an interval
    TimePoint due{};                           ///< of an interval
    std::time_t counted_from = 0;              ///< of a cron time: when it was last due, or awaited for the first time
    std::optional<std::time_t> due_wall;       ///< of a cron time; nothing: never
  };
  void await_interval(Entry& entry);
  void await_cron(Entry& entry);
  void follow_clock(Entry& entry);
  [[nodiscard]] std::optional<TimePoint> moment_of(const Entry& entry) const;
  [[nodiscard]] bool take_if_due(Entry& entry);
  [[nodiscard]] std::time_t wall_seconds() const;
  void arm();
  void tell_due();

  boost::asio::steady_timer timer_;
  std::function<void(const std::string&)> on_due_;
  WallClock clock_;
  std::map<std::string, Entry> entries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlived by a handler that is queued already
};

}  // namespace devinit::supervisor
