#include "config/cron.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <string>

using namespace devinit;
using namespace devinit::config;

namespace {

/// The local time zone of one test. Rules, not names of zones: they need no data on the machine.
class LocalTime {
 public:
  explicit LocalTime(const char* zone) {
    if (const char* old = ::getenv("TZ")) old_ = old;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  LocalTime(const LocalTime&) = delete;
  LocalTime& operator=(const LocalTime&) = delete;
  ~LocalTime() {
    old_.empty() ? ::unsetenv("TZ") : ::setenv("TZ", old_.c_str(), 1);
    ::tzset();
  }

 private:
  std::string old_;
};

constexpr const char* kUtc = "UTC0";
/// Central Europe: forward at 02:00 on the last Sunday of March, back at 03:00 on that of October.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

std::time_t utc(const char* text) {
  std::tm parts{};
  REQUIRE(::strptime(text, "%Y-%m-%d %H:%M:%S", &parts) != nullptr);
  return ::timegm(&parts);
}

std::string in_utc(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string next(const char* schedule, const char* from) {
  const auto cron = Cron::parse(schedule);
  REQUIRE(cron.has_value());
  const auto moment = cron->next(utc(from));
  return moment ? in_utc(*moment) : "never";
}

std::string error(std::string_view schedule) {
  const auto cron = Cron::parse(schedule);
  if (cron) return "";
  CHECK(cron.error().code == Errc::config);
  CHECK(cron.error().message.find('\n') == std::string::npos);
  CHECK_FALSE(cron.error().hint.empty());
  return cron.error().message;
}

}  // namespace

TEST_CASE("a schedule comes at the next minute that matches") {
  const LocalTime zone(kUtc);
  CHECK(next("* * * * *", "2026-05-04 10:20:00") == "2026-05-04 10:21:00");
  CHECK(next("* * * * *", "2026-05-04 10:20:59") == "2026-05-04 10:21:00");
  CHECK(next("0 3 * * *", "2026-05-04 02:59:59") == "2026-05-04 03:00:00");
  CHECK(next("0 3 * * *", "2026-05-04 03:00:00") == "2026-05-05 03:00:00");
  CHECK(next("0 3 * * *", "2026-12-31 12:00:00") == "2027-01-01 03:00:00");
  CHECK(next("59 23 * * *", "2026-05-04 23:58:30") == "2026-05-04 23:59:00");
}

TEST_CASE("lists, ranges and steps") {
  const LocalTime zone(kUtc);
  CHECK(next("5,35 * * * *", "2026-05-04 10:05:00") == "2026-05-04 10:35:00");
  CHECK(next("*/20 * * * *", "2026-05-04 10:40:00") == "2026-05-04 11:00:00");
  CHECK(next("10-30/10 * * * *", "2026-05-04 10:20:00") == "2026-05-04 10:30:00");
  CHECK(next("10-30/10 * * * *", "2026-05-04 10:30:00") == "2026-05-04 11:10:00");
  CHECK(next("0 9-17 * * *", "2026-05-04 17:00:00") == "2026-05-05 09:00:00");
  CHECK(next("0 1,5-6,20-23/3 * * *", "2026-05-04 06:00:00") == "2026-05-04 20:00:00");
  CHECK(next("0 1,5-6,20-23/3 * * *", "2026-05-04 20:00:00") == "2026-05-04 23:00:00");
  CHECK(next("\t 0  3 *\t* * ", "2026-05-04 03:00:00") == "2026-05-05 03:00:00");
}

TEST_CASE("months and days have names, in any case") {
  const LocalTime zone(kUtc);
  CHECK(next("0 0 1 JAN *", "2026-05-04 00:00:00") == "2027-01-01 00:00:00");
  CHECK(next("0 0 1 jun-Aug *", "2026-05-04 00:00:00") == "2026-06-01 00:00:00");
  CHECK(next("0 0 * * mon", "2026-05-04 00:00:00") == "2026-05-11 00:00:00");  // a Monday
  CHECK(next("0 0 * * fri-sun", "2026-05-04 00:00:00") == "2026-05-08 00:00:00");
  CHECK(next("0 0 * * fri-sun", "2026-05-09 00:00:00") == "2026-05-10 00:00:00");
  CHECK(next("0 0 * * fri-sun", "2026-05-10 00:00:00") == "2026-05-15 00:00:00");
}

TEST_CASE("Sunday is 0 and 7") {
  const LocalTime zone(kUtc);
  for (const char* sunday : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * 0-0", "0 0 * * 7-7", "0 0 * * 0,7"}) {
    CAPTURE(sunday);
    CHECK(next(sunday, "2026-05-04 00:00:00") == "2026-05-10 00:00:00");
    CHECK(next(sunday, "2026-05-10 00:00:00") == "2026-05-17 00:00:00");
  }
  CHECK(next("0 0 * * 5-7", "2026-05-09 00:00:00") == "2026-05-10 00:00:00");
  CHECK(next("0 0 * * 0-2", "2026-05-09 00:00:00") == "2026-05-10 00:00:00");
}

TEST_CASE("when both days are restricted either one suffices") {
  const LocalTime zone(kUtc);
  CHECK(next("0 0 13 * fri", "2026-05-04 00:00:00") == "2026-05-08 00:00:00");
  CHECK(next("0 0 13 * fri", "2026-05-08 00:00:00") == "2026-05-13 00:00:00");
  CHECK(next("0 0 13 * *", "2026-05-04 00:00:00") == "2026-05-13 00:00:00");
  CHECK(next("0 0 */2 * fri", "2026-05-04 00:00:00") == "2026-05-15 00:00:00");  // not restricted: a Friday of odd date
}

TEST_CASE("days that few months or years have") {
  const LocalTime zone(kUtc);
  CHECK(next("0 0 31 * *", "2026-04-01 00:00:00") == "2026-05-31 00:00:00");
  CHECK(next("0 0 29 2 *", "2026-01-01 00:00:00") == "2028-02-29 00:00:00");
  CHECK(next("0 0 29 2 *", "2096-02-29 00:00:00") == "2104-02-29 00:00:00");
  CHECK(next("0 0 30 2 *", "2026-01-01 00:00:00") == "never");
  CHECK(next("0 0 31 2,4,6,9,11 *", "2026-01-01 00:00:00") == "never");
  CHECK(next("0 0 29 2 */7", "2033-01-01 00:00:00") == "2060-02-29 00:00:00");  // a Sunday, too
}

TEST_CASE("a schedule without a date is known as one") {
  for (const char* never : {"0 0 30 2 *", "0 0 30-31 feb *", "0 0 31 2,4,6,9,11 *", "0 0 31 4 */2"}) {
    CAPTURE(never);
    CHECK_FALSE(Cron::parse(never)->ever_comes());
  }
  for (const char* rare : {"0 0 29 2 *", "0 0 29 2 */7", "0 0 30 2-3 *", "0 0 30 2 mon", "* * * * *", "@yearly"}) {
    CAPTURE(rare);
    CHECK(Cron::parse(rare)->ever_comes());
  }
}

TEST_CASE("shorthands") {
  const LocalTime zone(kUtc);
  CHECK(next("@hourly", "2026-05-04 10:00:00") == "2026-05-04 11:00:00");
  CHECK(next("@daily", "2026-05-04 10:00:00") == "2026-05-05 00:00:00");
  CHECK(next("@midnight", "2026-05-04 10:00:00") == "2026-05-05 00:00:00");
  CHECK(next("@weekly", "2026-05-04 10:00:00") == "2026-05-10 00:00:00");
  CHECK(next("@monthly", "2026-05-04 10:00:00") == "2026-06-01 00:00:00");
  CHECK(next("@yearly", "2026-05-04 10:00:00") == "2027-01-01 00:00:00");
  CHECK(next(" @Annually ", "2026-05-04 10:00:00") == "2027-01-01 00:00:00");
}

TEST_CASE("times are local") {
  const LocalTime zone(kBerlin);
  CHECK(next("0 3 * * *", "2026-01-10 00:00:00") == "2026-01-10 02:00:00");
  CHECK(next("0 3 * * *", "2026-07-10 00:00:00") == "2026-07-10 01:00:00");
  CHECK(next("0 0 1 * *", "2026-06-30 12:00:00") == "2026-06-30 22:00:00");
}

TEST_CASE("a time that a clock change skips comes at the first minute after the gap") {
  const LocalTime zone(kBerlin);
  // 2026-03-29: 02:00 CET is 03:00 CEST, 01:00 UTC.
  CHECK(next("30 2 * * *", "2026-03-28 12:00:00") == "2026-03-29 01:00:00");
  CHECK(next("30 2 * * *", "2026-03-29 01:00:00") == "2026-03-30 00:30:00");
  CHECK(next("*/10 2 * * *", "2026-03-28 12:00:00") == "2026-03-29 01:00:00");
  CHECK(next("*/10 2 * * *", "2026-03-29 01:00:00") == "2026-03-30 00:00:00");
  CHECK(next("59 1 * * *", "2026-03-28 12:00:00") == "2026-03-29 00:59:00");
  CHECK(next("0 3 * * *", "2026-03-28 12:00:00") == "2026-03-29 01:00:00");
  CHECK(next("0 4 * * *", "2026-03-28 12:00:00") == "2026-03-29 02:00:00");
}

TEST_CASE("a time that a clock change repeats comes once") {
  const LocalTime zone(kBerlin);
  // 2026-10-25: 03:00 CEST is 02:00 CET, 01:00 UTC.
  CHECK(next("30 2 * * *", "2026-10-24 12:00:00") == "2026-10-25 00:30:00");
  CHECK(next("30 2 * * *", "2026-10-25 00:30:00") == "2026-10-26 01:30:00");
  CHECK(next("30 2 * * *", "2026-10-25 01:10:00") == "2026-10-26 01:30:00");
  CHECK(next("0 3 * * *", "2026-10-25 00:30:00") == "2026-10-25 02:00:00");
  CHECK(next("59 2 * * *", "2026-10-25 00:00:00") == "2026-10-25 00:59:00");
}

TEST_CASE("clocks change at midnight in some countries") {
  const LocalTime zone("<-04>4<-03>,M9.1.6/24,M4.1.6/24");  // Chile: 2026-09-05 24:00 is 01:00 of the 6th
  CHECK(next("0 0 * * *", "2026-09-05 12:00:00") == "2026-09-06 04:00:00");
  CHECK(next("0 0 * * *", "2026-09-06 04:00:00") == "2026-09-07 03:00:00");
}

TEST_CASE("the number of fields is five") {
  CHECK(error("") == "a schedule has five fields, not 0");
  CHECK(error("0 3 * *") == "a schedule has five fields, not 4");
  CHECK(error("0 0 3 * * *") == "a schedule has five fields, not 6");
  CHECK(error("@reboot") == "there is no \"@reboot\" in a schedule");
}

TEST_CASE("an error says which field is wrong and why") {
  CHECK(error("60 * * * *") == "minute \"60\" is not within 0 to 59");
  CHECK(error("* 24 * * *") == "hour \"24\" is not within 0 to 23");
  CHECK(error("* * 0 * *") == "day of month \"0\" is not within 1 to 31");
  CHECK(error("* * 32 * *") == "day of month \"32\" is not within 1 to 31");
  CHECK(error("* * * 13 *") == "month \"13\" is not within 1 to 12");
  CHECK(error("* * * * 8") == "day of week \"8\" is not within 0 to 7");
  CHECK(error("99999 * * * *") == "minute \"99999\" is not a number, a range or *");
  CHECK(error("x * * * *") == "minute \"x\" is not a number, a range or *");
  CHECK(error("-1 * * * *") == "minute \"-1\" is not a number, a range or *");
  CHECK(error("1, * * * *") == "minute \"\" is not a number, a range or *");
  CHECK(error("1- * * * *") == "minute \"1-\" is not a number, a range or *");
  CHECK(error("* * * january *") == "month \"january\" is not a number, a name, a range or *");
  CHECK(error("* * * * tag") == "day of week \"tag\" is not a number, a name, a range or *");
  CHECK(error("* * mon * *") == "day of month \"mon\" is not a number, a range or *");
  CHECK(error("30-10 * * * *") == "minute \"30-10\" runs backwards");
  CHECK(error("* * * dec-jan *") == "month \"dec-jan\" runs backwards");
  CHECK(error("*/0 * * * *") == "minute \"*/0\" has a step that is not between 1 and 59");
  CHECK(error("*/60 * * * *") == "minute \"*/60\" has a step that is not between 1 and 59");
  CHECK(error("*/x * * * *") == "minute \"*/x\" has a step that is no number");
  CHECK(error("*/ * * * *") == "minute \"*/\" has a step that is no number");
  CHECK(error("5/10 * * * *") == "minute \"5/10\" has a step without a range (5-59/… or */…)");
  CHECK(error("** * * * *") == "minute \"**\" is not a number, a range or *");
  CHECK(error("*-5 * * * *") == "minute \"*-5\" is not a number, a range or *");
}
