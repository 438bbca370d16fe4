#include "supervisor/readiness.hpp"

#include <algorithm>
#include <utility>

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
using config::ProbeKind;

/// A service without a port shows that it works by living on: a wrong command, a missing module or file ends it sooner.
constexpr Millis kAliveLongEnough{300};

/// Quick services are noticed within a millisecond, slow ones cost little.
Millis tick_period(Clock::duration youngest_age) {
  if (youngest_age < Millis(500)) return Millis(1);
  if (youngest_age < Millis(20'000)) return Millis(2);
  return Millis(5);
}

/// How a service shows that it listens, before its named kind is asked.
enum class Listening { unasked, own_tree, accepts, anybody };

Listening listening_of(const ProbeTarget& target) {
  const auto kind = target.spec.kind;
  if (target.port == 0 || kind == ProbeKind::none || kind == ProbeKind::delay) return Listening::unasked;
  const bool answer_is_proof = kind == ProbeKind::http;
  if (target.guardian == 0) return answer_is_proof ? Listening::unasked : Listening::anybody;
  if (target.socket_is_ours) return answer_is_proof ? Listening::unasked : Listening::accepts;
  return Listening::own_tree;
}

}  // namespace

struct Readiness::Entry {
  Entry(ProbeTarget watched, TimePoint now)
      : target(std::move(watched)), since(now), first(now + target.spec.initial_delay), listening(listening_of(target)),
        tally(is_time_alone() ? 1 : std::max(1, target.spec.success_threshold), target.spec.failure_threshold), next_ask(first),
        next_silence(first + target.spec.period) {}

  [[nodiscard]] ProbeKind kind() const { return target.spec.kind; }
  [[nodiscard]] bool is_time_alone() const { return kind() == ProbeKind::none || kind() == ProbeKind::delay; }
  [[nodiscard]] bool must_listen() const { return listening != Listening::unasked && !listens; }
  [[nodiscard]] bool is_looked_at() const { return kind() == ProbeKind::port || kind() == ProbeKind::log || kind() == ProbeKind::file; }
  /// Looked at with every tick, for it costs little and nobody tells.
  [[nodiscard]] bool ticks() const { return must_listen() ? listening != Listening::anybody : is_looked_at() && target.guardian != 0; }
  [[nodiscard]] std::string nobody_listens() const { return "nobody listens on port " + std::to_string(target.port); }

  [[nodiscard]] static std::string not_said() { return "it has not said READY=1"; }

  ProbeTarget target;
  TimePoint since;
  TimePoint first;                        ///< attempt
  Listening listening;
  bool listens = false;
  std::string detail;                     ///< a remark about how it listens
  std::unique_ptr<AcceptCheck> accepting;
  std::unique_ptr<Probe> probe;
  bool asking = false;
  bool said_ready = false;                ///< READY=1
  Tally tally;
  TimePoint next_ask;                     ///< a good answer counts from then on
  TimePoint next_silence;                 ///< so does the lack of one
  std::string why;                        ///< it is not ready
};

Readiness::Readiness(boost::asio::io_context& loop, Observer& observer) : loop_(loop), observer_(observer), timer_(loop) {}

Readiness::~Readiness() = default;

Readiness::Entry* Readiness::find(const std::string& service) {
  const auto at = entries_.find(service);
  return at == entries_.end() ? nullptr : at->second.get();
}

void Readiness::watch(ProbeTarget target) {
  forget(target.service);
  if (target.port == 0 && (target.spec.kind == ProbeKind::port || target.spec.kind == ProbeKind::http)) target.spec.kind = ProbeKind::none;
  target.spec.period = std::max(target.spec.period, Millis(1));
  const auto now = Clock::now();
  const auto quickest = tick_period(Clock::duration::zero());
  if (now - last_tick_ > quickest) last_tick_ = now;  // nobody listens in its first moment
  auto entry = std::make_unique<Entry>(std::move(target), now);
  if (entry->listening == Listening::own_tree) {
    if (proof_.idle()) {
      if (const auto table = ListenerTable::now()) proof_.remember(*table);
    }
    proof_.begin(entry->target);
  }
  const std::string service = entry->target.service;
  const auto& added = *entries_.emplace(service, std::move(entry)).first->second;
  arm(due(added, last_tick_ + quickest));
}

void Readiness::expect_port(const std::string& service, Port port) {
  auto* entry = find(service);
  if (entry == nullptr) return;
  proof_.expect(service, port);
  entry->target.port = port;
  if (std::exchange(entry->listens, false) && entry->listening == Listening::own_tree) proof_.begin(entry->target);
  entry->accepting.reset();
  entry->probe.reset();  // it asks the old port
  entry->asking = false;
  arm();
}

void Readiness::notified(const std::string& service, const Notification& message) {
  auto* entry = find(service);
  if (entry == nullptr || entry->kind() != ProbeKind::notify) return;
  const bool ready = std::any_of(message.begin(), message.end(), [](const auto& field) { return field.first == "READY" && field.second == "1"; });
  if (!ready) return;
  entry->said_ready = true;
  arm();
}

void Readiness::forget(const std::string& service) {
  proof_.end(service);
  entries_.erase(service);
}

std::string Readiness::reason(const std::string& service) const {
  const auto at = entries_.find(service);
  if (at == entries_.end()) return {};
  const auto& entry = *at->second;
  if (entry.must_listen() && entry.listening == Listening::own_tree) {
    const auto table = ListenerTable::now();
    auto obstacle = table ? proof_.obstacle(service, *table) : std::string();
    return obstacle.empty() ? entry.nobody_listens() : obstacle;
  }
  if (!entry.why.empty() || entry.must_listen()) return entry.why;
  if (entry.kind() == ProbeKind::notify) return entry.not_said();
  return entry.asking ? "its probe has not answered" : "";
}

void Readiness::add_guardians(std::vector<os::ProcessIdentity>& guardians) const {
  for (const auto& [name, entry] : entries_) {
    if (!entry->probe) continue;
    if (const auto guardian = entry->probe->guardian()) guardians.push_back(*guardian);
  }
}

/// When the kernel's table is asked next, for all who wait for it.
TimePoint Readiness::next_tick(TimePoint now) const {
  auto youngest = Clock::duration::max();
  for (const auto& [name, entry] : entries_) {
    if (entry->ticks()) youngest = std::min(youngest, now - entry->since);
  }
  return last_tick_ + tick_period(youngest);
}

/// Nothing: somebody else will tell.
std::optional<TimePoint> Readiness::due(const Entry& entry, TimePoint tick) const {
  const auto& spec = entry.target.spec;
  if (entry.kind() == ProbeKind::none) return std::max(entry.first, entry.since + kAliveLongEnough);
  if (entry.kind() == ProbeKind::delay) return entry.first + spec.delay;
  if (entry.asking) return std::nullopt;
  if (entry.ticks()) return std::max(entry.next_ask, tick);
  if (entry.must_listen() || entry.kind() != ProbeKind::notify || entry.said_ready) return entry.next_ask;
  if (spec.failure_threshold > 0) return entry.next_silence;
  return std::nullopt;
}

void Readiness::arm() {
  const auto tick = next_tick(Clock::now());
  std::optional<TimePoint> earliest;
  for (const auto& [name, entry] : entries_) {
    const auto at = due(*entry, tick);
    if (at && (!earliest || *at < *earliest)) earliest = at;
  }
  arm(earliest);
}

void Readiness::arm(std::optional<TimePoint> at) {
  if (!at || (armed_ && *armed_ <= *at)) return;
  armed_ = at;
  timer_.expires_at(*at);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) look_around();
  });
}

void Readiness::look_around() {
  armed_.reset();
  const auto now = Clock::now();
  const auto tick = next_tick(now);
  std::vector<std::string> names;  // an observer may forget services while we look at them
  bool ticks = false;
  bool asks_kernel = false;
  for (const auto& [name, entry] : entries_) {
    const auto at = due(*entry, tick);
    if (!at || *at > now) continue;
    names.push_back(name);
    ticks = ticks || entry->ticks();
    asks_kernel = asks_kernel || entry->must_listen();
  }
  if (ticks) last_tick_ = now;
  const Table table = asks_kernel ? ListenerTable::now() : std::nullopt;
  if (table) proof_.find_strays(*table, now);
  for (const auto& name : names) {
    if (auto* entry = find(name)) look(*entry, table, now);
  }
  arm();
}

/// May end the entry, as everything that tells an observer.
void Readiness::look(Entry& entry, const Table& table, TimePoint now) {
  if (entry.is_time_alone()) return settle(entry, {true, {}}, now);
  if (entry.must_listen() && still_to_listen(entry, table, now)) return;
  ask(entry, now);
}

/// True when there is nothing more to do for now.
bool Readiness::still_to_listen(Entry& entry, const Table& table, TimePoint now) {
  const auto service = entry.target.service;  // the entry may be gone when an observer returns
  if (!table) {
    silence(entry, "the kernel does not tell who listens", now);
    return true;
  }
  if (entry.listening == Listening::own_tree) {
    const auto finding = proof_.examine(service, *table, now);
    if (finding.verdict == PortProof::Verdict::foreign) observer_.on_foreign_listener(service, finding.port);
    if (finding.verdict == PortProof::Verdict::elsewhere) observer_.on_listens_elsewhere(service, finding.port);
    if (finding.verdict != PortProof::Verdict::nobody && finding.verdict != PortProof::Verdict::ours) return true;
    entry.listens = finding.verdict == PortProof::Verdict::ours;
    entry.detail = finding.detail;
  } else if (entry.listening == Listening::accepts) {
    if (!entry.accepting) entry.accepting = std::make_unique<AcceptCheck>(loop_, entry.target);
    entry.listens = entry.accepting->accepted(*table);
  } else {
    entry.listens = !table->inodes_on(entry.target.port).empty();
  }
  if (!entry.listens) {
    silence(entry, entry.listening == Listening::accepts ? "it accepts no connection on port " + std::to_string(entry.target.port) : entry.nobody_listens(), now);
    return true;
  }
  entry.accepting.reset();
  if (entry.kind() != ProbeKind::port) {
    proof_.end(service);
    entry.next_silence = now + entry.target.spec.period;
  }
  return false;
}

void Readiness::ask(Entry& entry, TimePoint now) {
  if (entry.kind() == ProbeKind::port) return settle(entry, {true, {}}, now);
  if (entry.kind() == ProbeKind::notify) {
    return entry.said_ready ? settle(entry, {true, {}}, now) : silence(entry, Entry::not_said(), now);
  }
  if (!entry.probe) {
    entry.probe = make_probe(loop_, entry.target, [this, service = entry.target.service](const Answer& answer) { answered(service, answer); });
  }
  entry.next_ask = now + entry.target.spec.period;
  auto answer = entry.probe->ask();
  entry.asking = !answer.has_value();
  if (!answer) return;
  if (!answer->good && entry.ticks()) return silence(entry, std::move(answer->why), now);
  settle(entry, *answer, now);
}

/// No good answer yet, of a kind that is looked at all the time: a bad one only after a whole period.
void Readiness::silence(Entry& entry, std::string why, TimePoint now) {
  const bool is_of_the_kind = !entry.must_listen() || entry.kind() == ProbeKind::port || entry.target.guardian == 0;
  const bool is_told = entry.ticks() || entry.kind() == ProbeKind::notify;
  entry.next_ask = is_told ? now : now + entry.target.spec.period;
  if (!is_of_the_kind || now < entry.next_silence) {
    const bool is_news = entry.target.guardian == 0 && entry.why != why;
    entry.why = std::move(why);
    if (is_news) observer_.on_reason(entry.target.service);
    return;
  }
  entry.next_silence = now + entry.target.spec.period;
  settle(entry, {false, std::move(why)}, now);
}

void Readiness::answered(const std::string& service, const Answer& answer) {
  auto* entry = find(service);
  if (entry == nullptr) return;
  const auto now = Clock::now();
  entry->asking = false;
  entry->next_ask = now + entry->target.spec.period;
  settle(*entry, answer, now);
  arm();
}

void Readiness::settle(Entry& entry, const Answer& answer, TimePoint now) {
  const auto service = entry.target.service;
  entry.why = answer.why;
  if (answer.good) {
    entry.next_ask = now + entry.target.spec.period;
    entry.next_silence = entry.next_ask + entry.target.spec.period;
    if (entry.kind() == ProbeKind::port) entry.listens = false;  // once more, should one good answer not be enough
  }
  switch (entry.tally.note(answer.good)) {
    case Tally::Verdict::undecided: return;
    case Tally::Verdict::bad: return observer_.on_not_ready(service, answer.why);
    case Tally::Verdict::good: break;
  }
  const auto detail = entry.detail;
  forget(service);
  observer_.on_ready(service, detail);
}

bool Readiness::serves(pid_t guardian, Port port) {
  const auto listeners = os::listeners_on(port);
  return listeners && holds_any(guardian, ListenerTable(*listeners).inodes_on(port));
}

}  // namespace devinit::supervisor
