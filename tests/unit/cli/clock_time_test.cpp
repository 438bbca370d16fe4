#include "cli/clock_time.hpp"

#include <catch2/catch.hpp>
#include <ctime>

namespace devinit::cli {
namespace {

/// A moment of local time, wherever the test runs.
std::int64_t moment(int day, int hour, int minute, int second = 0) {
  std::tm local{};
  local.tm_year = 126;
  local.tm_mon = 5;
  local.tm_mday = day;
  local.tm_hour = hour;
  local.tm_min = minute;
  local.tm_sec = second;
  local.tm_isdst = -1;
  return std::mktime(&local);
}

TEST_CASE("the next 24 hours need no date") {
  const auto now = moment(10, 14, 30);
  CHECK(clock_time(moment(11, 3, 0), now) == "03:00");
  CHECK(clock_time(moment(12, 3, 0), now) == "2026-06-12 03:00");
  CHECK(clock_time(moment(9, 3, 0), now) == "2026-06-09 03:00");
}

TEST_CASE("less than a minute away the seconds count") { CHECK(clock_time(moment(10, 14, 30, 15), moment(10, 14, 30)) == "14:30:15"); }

}  // namespace
}  // namespace devinit::cli
