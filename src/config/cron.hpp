#pragma once

#include <bitset>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace devinit::config {

/// A cron expression of five fields (crontab(5)): minute, hour, day of month, month, day of week (0 and 7 are Sunday); `*`, lists, ranges, steps,
/// names of months and days; also @hourly, @daily (@midnight), @weekly, @monthly, @yearly (@annually). When both days are restricted either one
/// suffices, as cron has it; a field with a `*` in it, such as `*/2`, is not restricted in this sense.
class Cron {
 public:
  /// Errc::config in one line that says which field is wrong and why, with a hint.
  [[nodiscard]] static Result<Cron> parse(std::string_view text);
  /// False when no month has such a day (30 February).
  [[nodiscard]] bool ever_comes() const;
  /// The first minute after `from` that matches, in local time (`TZ`); nothing when it never comes. A time that a
  /// clock change skips comes at the first minute after the gap; one that it repeats comes once, the first time.
  [[nodiscard]] std::optional<std::time_t> next(std::time_t from) const;

 private:
  [[nodiscard]] bool on_day(const std::tm& day) const;
  [[nodiscard]] std::optional<std::time_t> next_on(const std::tm& day, std::time_t from) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = true;
  bool any_weekday_ = true;
};

}  // namespace devinit::config
