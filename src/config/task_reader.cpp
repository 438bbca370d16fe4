#include "config/task_reader.hpp"

#include "config/cron.hpp"
#include "config/text_encoding.hpp"
#include "config/watch_reader.hpp"

namespace devinit::config {
namespace {

constexpr std::array kRuns{Word<TaskRun>{"each", TaskRun::each}, Word<TaskRun>{"once", TaskRun::once}};
constexpr std::string_view kEvery = "every ";

/// What follows "every".
std::optional<Millis> read_interval(const JsonValue& value, std::string_view text, Mistakes& mistakes) {
  constexpr Millis kLeast{1000};
  const auto interval = parse_duration(text);
  if (interval && *interval >= kLeast) return interval;
  mistakes.add(value,
               "`schedule` " + quoted(value.text) + (interval ? " is more often than once a second" : " names no duration"),
               interval ? "at least 1s: \"every 15m\"" : "at most 24h: \"every 15m\"");
  return std::nullopt;
}

}  // namespace

void read_run(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  if (const auto run = read_word(value, "run", kRuns, mistakes)) target.service.run = *run;
}

void read_inputs(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  target.service.inputs = read_project_globs(value, "inputs", mistakes);
}

void read_schedule(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto text = read_string(value, "schedule", mistakes);
  if (!text) return;
  ScheduleSpec schedule;
  if (text->starts_with(kEvery)) {
    schedule.every = read_interval(value, std::string_view(*text).substr(kEvery.size()), mistakes);
  } else {
    const auto cron = Cron::parse(*text);
    if (!cron) mistakes.add(value, "`schedule` " + quoted(*text) + ": " + cron.error().message, cron.error().hint);
    if (cron && !cron->ever_comes()) {
      mistakes.add(value, "`schedule` " + quoted(*text) + " never comes: no month has such a day", "the third field is the day of the month, the fourth the month");
    }
    schedule.cron = *text;
  }
  target.service.schedule = std::move(schedule);
}

}  // namespace devinit::config
