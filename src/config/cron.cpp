#include "config/cron.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace devinit::config {
namespace {

constexpr std::time_t kMinute = 60;
constexpr std::time_t kDay = 86'400;
/// The longest way to a 29 February on a certain day of the week, around a year such as 2100 that has none.
constexpr int kMostDays = 41 * 366;
/// In a leap year.
constexpr std::array<std::size_t, 12> kDaysOfMonths{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
constexpr const char* kHint =
    "five fields: minute, hour, day of month, month, day of week; \"0 3 * * *\" is every day at three";

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 8> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct Field {
  const char* name;
  int lowest;
  int highest;
  std::span<const std::string_view> names{};  ///< of the values from `lowest` on
};
constexpr std::array<Field, 5> kFields{
    {{"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12, kMonths}, {"day of week", 0, 7, kWeekdays}}};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  auto words = split(text, " \t");
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

/// The text for a shorthand such as "@daily".
Result<std::string_view> written_out(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShorthands{{{"@hourly", "0 * * * *"},
                                                                                      {"@daily", "0 0 * * *"},
                                                                                      {"@midnight", "0 0 * * *"},
                                                                                      {"@weekly", "0 0 * * 0"},
                                                                                      {"@monthly", "0 0 1 * *"},
                                                                                      {"@yearly", "0 0 1 1 *"},
                                                                                      {"@annually", "0 0 1 1 *"}}};
  for (const auto& [name, fields] : kShorthands) {
    if (in_lower_case(text) == name) return fields;
  }
  return Error(Errc::config, "there is no " + quoted(text) + " in a schedule",
               "@hourly, @daily, @weekly, @monthly, @yearly, or " + std::string(kHint));
}

/// What one field of an expression allows.
class FieldValues {
 public:
  explicit FieldValues(const Field& field) : field_(field) {}

  [[nodiscard]] Result<std::vector<int>> read(std::string_view text) {
    for (const auto item : split(text, ",")) TRY(read_item(item));
    return std::move(values_);
  }

 private:
  [[nodiscard]] Error wrong(std::string_view what, const std::string& why) const {
    return Error(Errc::config, std::string(field_.name) + " " + quoted(what) + " " + why, kHint);
  }

  [[nodiscard]] std::string bounds() const { return std::to_string(field_.lowest) + " to " + std::to_string(field_.highest); }

  [[nodiscard]] Result<> read_item(std::string_view item) {
    const auto slash = item.find('/');
    const auto range = item.substr(0, slash);
    int first = field_.lowest;
    int last = field_.highest;
    const auto dash = range.find('-');
    if (range != "*") {
      TRY_ASSIGN(first, value(range.substr(0, dash), item));
      last = first;
      if (dash != std::string_view::npos) {
        TRY_ASSIGN(last, value(range.substr(dash + 1), item));
        if (last == 0 && first > 0) last = field_.highest;  // "fri-sun": Sunday is 7 there
      }
    }
    if (last < first) return wrong(item, "runs backwards");
    int step = 1;
    if (slash != std::string_view::npos) {
      if (range != "*" && dash == std::string_view::npos) {
        return wrong(item,
                     "has a step without a range (" + std::string(range) + "-" + std::to_string(field_.highest) + "/… or */…)");
      }
      TRY_ASSIGN(step, step_of(item.substr(slash + 1), item));
    }
    for (int i = first; i <= last; i += step) values_.push_back(i);
    return {};
  }

  [[nodiscard]] Result<int> step_of(std::string_view text, std::string_view item) const {
    const auto step = number(text);
    if (!step) return wrong(item, "has a step that is no number");
    if (*step == 0 || *step > field_.highest)
      return wrong(item, "has a step that is not between 1 and " + std::to_string(field_.highest));
    return *step;
  }

  [[nodiscard]] Result<int> value(std::string_view text, std::string_view item) const {
    const auto name = std::find(field_.names.begin(), field_.names.end(), in_lower_case(text));
    if (name != field_.names.end()) return static_cast<int>(name - field_.names.begin()) + field_.lowest;
    const auto read = number(text);
    if (!read)
      return wrong(item, field_.names.empty() ? "is not a number, a range or *" : "is not a number, a name, a range or *");
    if (*read < field_.lowest || *read > field_.highest) return wrong(item, "is not within " + bounds());
    return *read;
  }

  /// Plain decimal digits, few enough not to overflow.
  static std::optional<int> number(std::string_view text) {
    constexpr std::size_t kMostDigits = 4;
    if (text.empty() || text.size() > kMostDigits) return std::nullopt;
    int number = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    return number;
  }

  const Field& field_;
  std::vector<int> values_;
};

template <std::size_t N>
void set_all(std::bitset<N>& bits, const std::vector<int>& values) {
  for (const int value : values) bits.set(static_cast<std::size_t>(value) % N);
}

std::tm local(std::time_t time) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  return parts;
}

bool same_minute(const std::tm& a, const std::tm& b) {
  return a.tm_min == b.tm_min && a.tm_hour == b.tm_hour && a.tm_mday == b.tm_mday && a.tm_mon == b.tm_mon &&
         a.tm_year == b.tm_year;
}

/// The first moment after `low` at which the clocks are `high`'s distance from UTC away.
std::time_t clock_change(std::time_t low, std::time_t high) {
  const auto offset = local(high).tm_gmtoff;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    (local(middle).tm_gmtoff == offset ? high : low) = middle;
  }
  return high;
}

/// When the local clock shows this minute for the first time; or, where a change leaves it out, the moment of the change.
std::time_t moment_of(std::tm wanted) {
  const std::time_t as_utc = ::timegm(&wanted);
  // No clock is more than 14 hours away from UTC, so a day before and a day after lie on either side of any change.
  const auto before = as_utc - kDay;
  const auto after = as_utc + kDay;
  const auto distance_before = local(before).tm_gmtoff;
  const auto distance_after = local(after).tm_gmtoff;
  // The larger distance is the earlier moment.
  for (const auto offset : {std::max(distance_before, distance_after), std::min(distance_before, distance_after)}) {
    if (same_minute(local(as_utc - offset), wanted)) return as_utc - offset;
  }
  return clock_change(before, after);
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  auto words = words_of(text);
  if (words.size() == 1 && words[0].starts_with('@')) {
    TRY_ASSIGN(const auto fields, written_out(words[0]));
    words = words_of(fields);
  }
  if (words.size() != kFields.size()) {
    return Error(Errc::config, "a schedule has five fields, not " + std::to_string(words.size()), kHint);
  }
  std::array<std::vector<int>, kFields.size()> values;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    TRY_ASSIGN(values[i], FieldValues(kFields[i]).read(words[i]));
  }
  Cron cron;
  set_all(cron.minutes_, values[0]);
  set_all(cron.hours_, values[1]);
  set_all(cron.days_, values[2]);
  set_all(cron.months_, values[3]);
  set_all(cron.weekdays_, values[4]);
  cron.any_day_ = words[2].find('*') != std::string_view::npos;
  cron.any_weekday_ = words[4].find('*') != std::string_view::npos;
  return cron;
}

/// Sooner or later every date falls on each day of the week, so that the dates alone decide.
bool Cron::ever_comes() const {
  if (!any_day_ && !any_weekday_) return true;
  for (std::size_t month = 1; month < months_.size(); ++month) {
    for (std::size_t day = 1; months_[month] && day <= kDaysOfMonths[month - 1]; ++day) {
      if (days_[day]) return true;
    }
  }
  return false;
}

bool Cron::on_day(const std::tm& day) const {
  if (!months_[static_cast<std::size_t>(day.tm_mon) + 1]) return false;
  const bool by_date = days_[static_cast<std::size_t>(day.tm_mday)];
  const bool by_weekday = weekdays_[static_cast<std::size_t>(day.tm_wday)];
  return any_day_ || any_weekday_ ? by_date && by_weekday : by_date || by_weekday;
}

std::optional<std::time_t> Cron::next_on(const std::tm& day, std::time_t from) const {
  const std::tm now = local(from);
  const bool today = now.tm_mday == day.tm_mday && now.tm_mon == day.tm_mon && now.tm_year == day.tm_year;
  std::tm wanted = day;
  for (auto hour = static_cast<std::size_t>(today ? now.tm_hour : 0); hour < hours_.size(); ++hour) {
    for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
      if (!hours_[hour] || !minutes_[minute]) continue;
      wanted.tm_hour = static_cast<int>(hour);
      wanted.tm_min = static_cast<int>(minute);
      const auto moment = moment_of(wanted);
      if (moment > from) return moment;
    }
  }
  return std::nullopt;
}

std::optional<std::time_t> Cron::next(std::time_t from) const {
  if (!ever_comes()) return std::nullopt;
  std::tm day = local(from);
  day.tm_hour = day.tm_min = day.tm_sec = 0;
  for (int i = 0; i < kMostDays; ++i) {
    if (on_day(day)) {
      if (const auto moment = next_on(day, from)) return moment;
    }
    // The calendar alone, without clocks that change: what the next day is called.
    day.tm_mday += 1;
    const std::time_t noon = ::timegm(&day) + kDay / 2;
    ::gmtime_r(&noon, &day);
    day.tm_hour = day.tm_min = day.tm_sec = 0;
  }
  return std::nullopt;
}

}  // namespace devinit::config
