#include <stdlib.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <vector>

#include "supervisor/scheduler.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::time_t kHour = 3600;
constexpr std::time_t kDay = 24 * kHour;
/// A Monday, midnight UTC.
constexpr std::time_t kMidnight = 1'777'852'800;

/// A scheduler whose wall clock is set by hand and looked at all the time.
class Bench {
 public:
  Bench() {
    if (const char* zone = ::getenv("TZ")) zone_ = zone;
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() {
    zone_.empty() ? ::unsetenv("TZ") : ::setenv("TZ", zone_.c_str(), 1);
    ::tzset();
  }

  void cron(const std::string& service, const std::string& text) { scheduler.await(service, {std::nullopt, text}); }
  void every(const std::string& service, Millis interval) { scheduler.await(service, {interval, ""}); }
  /// The service whose time comes next.
  std::string next() {
    loop.restart();
    const auto before = due.size();
    while (due.size() == before) REQUIRE(loop.run_one_for(std::chrono::seconds(10)) == 1);
    return due.back();
  }
  /// Looks at the clock several times.
  void look() {
    loop.restart();
    for (int i = 0; i < 3; ++i) REQUIRE(loop.run_one_for(std::chrono::seconds(10)) == 1);
  }

  std::time_t now = kMidnight + kHour;
  boost::asio::io_context loop;
  std::vector<std::string> due;
  Scheduler scheduler{loop, [this](const std::string& service) { due.push_back(service); },
                      WallClock{[this] { return std::chrono::system_clock::from_time_t(now); }, Millis(1)}};

 private:
  std::string zone_;
};

TEST_CASE("nothing runs when nothing is awaited") {
  Bench bench;
  CHECK(bench.loop.poll() == 0);
  CHECK(bench.loop.stopped());
  CHECK(bench.scheduler.next_run("nightly") == 0);
  bench.cron("nightly", "0 3 * * *");
  bench.scheduler.forget("nightly");
  CHECK(bench.scheduler.next_run("nightly") == 0);
  bench.loop.restart();
  bench.loop.run();
  CHECK(bench.due.empty());
}

TEST_CASE("an interval comes again when it is awaited again, and not before") {
  Bench bench;
  bench.every("report", Millis(2));
  CHECK(bench.scheduler.next_run("report") >= bench.now);
  CHECK(bench.next() == "report");
  CHECK(bench.scheduler.next_run("report") == 0);
  bench.loop.restart();
  bench.loop.run();
  CHECK(bench.due.size() == 1);
  bench.every("report", Millis(2));
  CHECK(bench.next() == "report");
}

TEST_CASE("intervals of several services come in their order") {
  Bench bench;
  bench.every("slow", Millis(60));
  bench.every("fast", Millis(1));
  while (bench.due.size() < 2) bench.next();
  CHECK(bench.due == std::vector<std::string>{"fast", "slow"});
}

TEST_CASE("a cron time comes when the wall clock says so") {
  Bench bench;
  bench.cron("nightly", "0 3 * * *");
  CHECK(bench.scheduler.next_run("nightly") == kMidnight + 3 * kHour);
  bench.look();
  CHECK(bench.due.empty());
  bench.now = kMidnight + 3 * kHour;
  CHECK(bench.next() == "nightly");
  bench.cron("nightly", "0 3 * * *");
  CHECK(bench.scheduler.next_run("nightly") == kMidnight + kDay + 3 * kHour);
}

TEST_CASE("times that were slept through are made up for once") {
  Bench bench;
  bench.cron("nightly", "0 3 * * *");
  bench.now += 5 * kDay;
  CHECK(bench.next() == "nightly");
  bench.cron("nightly", "0 3 * * *");
  CHECK(bench.scheduler.next_run("nightly") == kMidnight + 5 * kDay + 3 * kHour);
  bench.look();
  CHECK(bench.due.size() == 1);
}

TEST_CASE("a time that came while the service was running is made up for") {
  Bench bench;
  bench.cron("nightly", "0 3 * * *");
  bench.now = kMidnight + 3 * kHour;
  CHECK(bench.next() == "nightly");
  bench.now += kDay + kHour;
  bench.cron("nightly", "0 3 * * *");
  CHECK(bench.next() == "nightly");
}

TEST_CASE("no time comes twice when the clock is set back a little") {
  Bench bench;
  bench.cron("nightly", "0 3 * * *");
  bench.now = kMidnight + 3 * kHour;
  CHECK(bench.next() == "nightly");
  bench.now -= kHour;
  bench.cron("nightly", "0 3 * * *");
  CHECK(bench.scheduler.next_run("nightly") == kMidnight + kDay + 3 * kHour);
  bench.now += 2 * kHour;
  bench.look();
  CHECK(bench.due.size() == 1);
}

TEST_CASE("a clock that was wrong by years does not keep a service from its time") {
  Bench bench;
  bench.now += 1000 * kDay;
  bench.cron("nightly", "0 3 * * *");
  bench.now -= 1000 * kDay;
  bench.look();
  CHECK(bench.scheduler.next_run("nightly") == kMidnight + 3 * kHour);
  bench.now = kMidnight + 3 * kHour;
  CHECK(bench.next() == "nightly");
  bench.now -= 500 * kDay;
  bench.cron("nightly", "0 3 * * *");
  CHECK(bench.scheduler.next_run("nightly") == kMidnight - 499 * kDay + 3 * kHour);
}

TEST_CASE("a time that never comes is waited for by nobody") {
  Bench bench;
  bench.cron("never", "0 0 30 2 *");
  CHECK(bench.scheduler.next_run("never") == 0);
  bench.loop.run();
  CHECK(bench.due.empty());
}

TEST_CASE("another schedule counts from now") {
  Bench bench;
  bench.cron("nightly", "0 3 * * *");
  bench.now = kMidnight + 3 * kHour;
  CHECK(bench.next() == "nightly");
  bench.cron("nightly", "30 3 * * *");
  CHECK(bench.scheduler.next_run("nightly") == kMidnight + 3 * kHour + kHour / 2);
}

TEST_CASE("who is told may wait again at once, or forget the others") {
  boost::asio::io_context loop;
  Scheduler* running = nullptr;
  std::vector<std::string> due;
  Scheduler scheduler(loop, [&](const std::string& service) {
    due.push_back(service);
    running->forget("b");
    if (due.size() < 3) running->await("a", {Millis(1), ""});
  });
  running = &scheduler;
  scheduler.await("a", {Millis(0), ""});
  scheduler.await("b", {Millis(0), ""});
  loop.run();
  CHECK(due == std::vector<std::string>{"a", "a", "a"});
}

}  // namespace
}  // namespace devinit::supervisor
