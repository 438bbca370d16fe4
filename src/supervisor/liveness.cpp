#include "supervisor/liveness.hpp"

#include <algorithm>

#include "os/files.hpp"
#include "supervisor/tally.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
using config::ProbeKind;

constexpr int kFailuresWithoutWord = 3;

int failure_threshold(const config::ProbeSpec& spec) {
  if (spec.failure_threshold > 0) return spec.failure_threshold;
  return spec.kind == ProbeKind::notify ? 1 : kFailuresWithoutWord;
}

}  // namespace

struct Liveness::Entry {
  Entry(ProbeTarget watched, TimePoint now)
      : target(std::move(watched)), tally(std::max(1, target.spec.success_threshold), failure_threshold(target.spec)), heard(now) {
    due = now + (target.spec.initial_delay > Millis(0) ? target.spec.initial_delay : target.spec.period);
    if (kind() == ProbeKind::notify) due = now + target.spec.initial_delay + target.spec.period;
    if (kind() == ProbeKind::port) due = in_step(due);
  }

  [[nodiscard]] ProbeKind kind() const { return target.spec.kind; }
  /// The first common moment of all services with this period from `at` on: one look at the kernel's table is enough for them.
  [[nodiscard]] TimePoint in_step(TimePoint at) const {
    const auto period = std::chrono::duration_cast<Clock::duration>(target.spec.period);
    const auto over = at.time_since_epoch() % period;
    return over == Clock::duration::zero() ? at : at + (period - over);
  }
  void ask_again_after(TimePoint now) {
    due += target.spec.period;
    if (due <= now) due = now + target.spec.period;  // we were held up: no rush to catch up
    if (kind() == ProbeKind::port) due = in_step(due);
  }

  ProbeTarget target;
  Tally tally;
  TimePoint due;
  TimePoint heard;                   ///< WATCHDOG=1, or since when there was reason to expect it
  std::unique_ptr<Probe> probe;
  bool asking = false;
  bool healthy = true;
  std::uint64_t proven_inode = 0;    ///< this listener is its own: its owner need not be looked up again
};

Liveness::Liveness(boost::asio::io_context& loop, Observer& observer) : loop_(loop), observer_(observer), timer_(loop) {}

Liveness::~Liveness() = default;

void Liveness::watch(ProbeTarget target) {
  forget(target.service);
  const auto kind = target.spec.kind;
  const bool needs_port = kind == ProbeKind::port || kind == ProbeKind::http;
  if (kind == ProbeKind::none || kind == ProbeKind::delay || (needs_port && target.port == 0)) return;
  target.spec.period = std::max(target.spec.period, Millis(1));
  if (kind == ProbeKind::log) target.log_start = os::file_size(target.log_file).value_or(0);  // what was said to get ready does not count
  const std::string service = target.service;
  auto entry = std::make_unique<Entry>(std::move(target), Clock::now());
  if (kind != ProbeKind::port && kind != ProbeKind::notify) {
    entry->probe = make_probe(loop_, entry->target, [this, service](const Answer& answer) { answered(service, answer); });
  }
  entries_.emplace(service, std::move(entry));
  arm();
}

void Liveness::alive(const std::string& service) {
  const auto at = entries_.find(service);
  if (at == entries_.end() || at->second->kind() != ProbeKind::notify) return;
  at->second->heard = Clock::now();
  settle(*at->second, {true, {}});
}

void Liveness::forget(const std::string& service) { entries_.erase(service); }

void Liveness::add_guardians(std::vector<os::ProcessIdentity>& guardians) const {
  for (const auto& [name, entry] : entries_) {
    if (!entry->probe) continue;
    if (const auto guardian = entry->probe->guardian()) guardians.push_back(*guardian);
  }
}

void Liveness::arm() {
  std::optional<TimePoint> earliest;
  for (const auto& [name, entry] : entries_) {
    if (!entry->asking && (!earliest || entry->due < *earliest)) earliest = entry->due;
  }
  if (!earliest || (armed_ && *armed_ <= *earliest)) return;
  armed_ = earliest;
  timer_.expires_at(*earliest);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) look_around();
  });
}

void Liveness::look_around() {
  armed_.reset();
  const auto now = Clock::now();
  std::vector<std::string> names;  // an observer may forget services while we look at them
  for (const auto& [name, entry] : entries_) {
    if (entry->kind() == ProbeKind::notify) entry->due = std::max(entry->due, entry->heard + entry->target.spec.period);
    if (!entry->asking && entry->due <= now) names.push_back(name);
  }
  // The next look is planned first: then a probe's own time limit is not the earliest timer, which would cost two system calls.
  for (const auto& name : names) entries_.at(name)->ask_again_after(now);
  arm();
  std::optional<ListenerTable> table;
  for (const auto& name : names) {
    const auto at = entries_.find(name);
    if (at != entries_.end() && !at->second->asking) ask(*at->second, table);
  }
}

/// May end the entry, as everything that tells the observer. `table` is filled by the first who needs it.
void Liveness::ask(Entry& entry, std::optional<ListenerTable>& table) {
  if (entry.kind() == ProbeKind::notify) return settle(entry, {false, "no WATCHDOG=1 for " + format_duration(entry.target.spec.period)});
  if (entry.kind() == ProbeKind::port) {
    if (!table) table = ListenerTable::now();
    if (!table) return;  // the kernel has no answer: nothing is known
    return settle(entry, listens(entry, *table));
  }
  const auto answer = entry.probe->ask();
  entry.asking = !answer.has_value();
  if (answer) settle(entry, *answer);
}

Answer Liveness::listens(Entry& entry, const ListenerTable& table) {
  const auto& target = entry.target;
  const auto inodes = table.inodes_on(target.port);
  if (inodes.empty()) return {false, "nobody listens on port " + std::to_string(target.port)};
  if (target.guardian == 0) return {true, {}};
  // A socket that it inherited listens without it.
  const bool is_known = std::find(inodes.begin(), inodes.end(), entry.proven_inode) != inodes.end();
  if (is_known && !target.socket_is_ours) return {true, {}};
  bool hidden = false;
  for (const auto inode : inodes) {
    if (!holds_any(target.guardian, {inode}, &hidden)) continue;
    entry.proven_inode = inode;
    return {true, {}};
  }
  if (hidden) return {true, {}};  // who was proven to be ready is believed
  return {false, "another process listens on port " + std::to_string(target.port)};
}

void Liveness::answered(const std::string& service, const Answer& answer) {
  const auto at = entries_.find(service);
  if (at == entries_.end()) return;
  at->second->asking = false;
  settle(*at->second, answer);
  arm();
}

void Liveness::settle(Entry& entry, const Answer& answer) {
  const auto verdict = entry.tally.note(answer.good);
  if (verdict == Tally::Verdict::undecided || entry.healthy == answer.good) return;
  entry.healthy = answer.good;
  const auto service = entry.target.service;
  answer.good ? observer_.on_healthy(service) : observer_.on_unhealthy(service, answer.why);
}

}  // namespace devinit::supervisor
