#include "supervisor/scheduler.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::system_clock;

/// Summer time, and a clock that is put right by a little, go back by no more than this (as cron has it).
constexpr std::time_t kSmallStepBack = 3 * 3600;

}  // namespace

Scheduler::Scheduler(boost::asio::io_context& loop, std::function<void(const std::string&)> on_due, WallClock clock)
    : timer_(loop), on_due_(std::move(on_due)), clock_(std::move(clock)) {}

void Scheduler::await(const std::string& service, const config::ScheduleSpec& spec) {
  auto& entry = entries_[service];
  if (!(entry.spec == spec)) entry = {};
  entry.spec = spec;
  entry.awaited = true;
  spec.every ? await_interval(entry) : await_cron(entry);
  arm();
}

void Scheduler::await_interval(Entry& entry) {
  entry.due = (entry.was_due ? entry.last_due : Clock::now()) + *entry.spec.every;
}

void Scheduler::await_cron(Entry& entry) {
  if (!entry.cron) {
    auto cron = config::Cron::parse(entry.spec.cron);
    ASSERT(cron.has_value());  // the configuration has been validated
    entry.cron = *cron;
  }
  if (!entry.was_due) entry.counted_from = wall_seconds();
  follow_clock(entry);
  entry.due_wall = entry.cron->next(entry.counted_from);
}

/// After the clock was set back: times that have been are not awaited again, unless they were those of a wrong clock.
void Scheduler::follow_clock(Entry& entry) {
  const auto now = wall_seconds();
  const auto latest = entry.was_due ? now + kSmallStepBack : now;
  if (entry.counted_from <= latest) return;
  entry.counted_from = now;
  entry.due_wall = entry.cron->next(now);
}

void Scheduler::forget(const std::string& service) {
  if (entries_.erase(service) != 0) arm();
}

std::int64_t Scheduler::next_run(const std::string& service) const {
  const auto found = entries_.find(service);
  if (found == entries_.end() || !found->second.awaited) return 0;
  const auto& entry = found->second;
  if (entry.cron) return entry.due_wall.value_or(0);
  const auto wait = std::chrono::duration_cast<system_clock::duration>(entry.due - Clock::now());
  return system_clock::to_time_t(clock_.now() + wait);
}

std::time_t Scheduler::wall_seconds() const { return system_clock::to_time_t(clock_.now()); }

/// When to look at it next.
std::optional<TimePoint> Scheduler::moment_of(const Entry& entry) const {
  if (!entry.awaited || (entry.cron && !entry.due_wall)) return std::nullopt;
  if (!entry.cron) return entry.due;
  const auto wait = system_clock::from_time_t(*entry.due_wall) - clock_.now();
  return Clock::now() + std::clamp<system_clock::duration>(wait, system_clock::duration::zero(), clock_.look_every);
}

/// Nothing runs when nothing is awaited.
void Scheduler::arm() {
  std::optional<TimePoint> first;
  for (const auto& [service, entry] : entries_) {
    const auto moment = moment_of(entry);
    if (moment && (!first || *moment < *first)) first = moment;
  }
  if (!first) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*first);
  timer_.async_wait([this, still = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !still.expired()) tell_due();
  });
}

bool Scheduler::take_if_due(Entry& entry) {
  if (!entry.awaited) return false;
  if (entry.cron) {
    follow_clock(entry);
    const auto now = wall_seconds();
    if (!entry.due_wall || now < *entry.due_wall) return false;
    entry.counted_from = now;
  } else {
    const auto now = Clock::now();
    if (now < entry.due) return false;
    // From start to start, without drift; but what was missed is not made up for by a burst.
    entry.last_due = now - entry.due < *entry.spec.every ? entry.due : now;
  }
  entry.awaited = false;
  entry.was_due = true;
  return true;
}

void Scheduler::tell_due() {
  std::vector<std::string> due;
  for (auto& [service, entry] : entries_) {
    if (take_if_due(entry)) due.push_back(service);
  }
  arm();
  const std::weak_ptr<bool> still = alive_;
  for (const auto& service : due) {
    if (still.expired()) return;
    if (entries_.contains(service)) on_due_(service);
  }
}

}  // namespace devinit::supervisor
