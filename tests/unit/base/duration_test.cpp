#include "base/duration.hpp"

#include <catch2/catch.hpp>

using devinit::format_duration;
using devinit::Millis;
using devinit::parse_duration;
using devinit::parse_size;

TEST_CASE("a duration is a number and a unit") {
  const auto [text, ms] = GENERATE(table<std::string, int>(
      {{"0s", 0}, {"250ms", 250}, {"5s", 5000}, {"2m", 120'000}, {"1h", 3'600'000}, {"24h", 86'400'000}}));
  CAPTURE(text);
  REQUIRE(parse_duration(text));
  CHECK(parse_duration(text)->count() == ms);
}

TEST_CASE("what is no duration of at most a day is refused") {
  const std::string text = GENERATE("", "5", "s", "ms", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "5S", "5sec", "25h",
                                    "86401s", "1d", "5s5s", "9999999999999h", "99999999999999999999s", "0x5s");
  CAPTURE(text);
  CHECK_FALSE(parse_duration(text));
}

TEST_CASE("a duration is shown in its two largest units") {
  const auto [ms, text] = GENERATE(table<long, std::string>({{0, "0ms"},
                                                             {999, "999ms"},
                                                             {1000, "1s"},
                                                             {59'999, "59s"},
                                                             {60'000, "1m"},
                                                             {123'000, "2m 3s"},
                                                             {3'600'000, "1h"},
                                                             {3'840'000, "1h 4m"},
                                                             {86'400'000, "1d"},
                                                             {266'400'000, "3d 2h"}}));
  CHECK(format_duration(Millis(ms)) == text);
}

TEST_CASE("a size is a number and a unit in powers of 1024") {
  CHECK(parse_size("0B") == 0U);
  CHECK(parse_size("512KB") == 512U << 10);
  CHECK(parse_size("10MB") == 10U << 20);
  CHECK(parse_size("1GB") == 1U << 30);
}

TEST_CASE("what is no size is refused") {
  const std::string text =
      GENERATE("", "10", "MB", "10mb", "10M", "-1MB", "1.5MB", "10 MB", "999999999999GB", "99999999999999999999B", "1TB");
  CAPTURE(text);
  CHECK_FALSE(parse_size(text));
}
