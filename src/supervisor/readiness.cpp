#include "supervisor/readiness.hpp"

#include <algorithm>

#include "os/self.hpp"
#include "supervisor/http_probe.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;

/// A server that opens a debugger or a live-reload port first must not be taken for one that ignores its port.
/// The next numbers upward are what servers choose that find their port busy; any other number is believed later.
constexpr Millis kNearbyLongEnough{2000};
constexpr Millis kElsewhereLongEnough{10'000};
constexpr int kNearby = 20;
/// While a stranger listens on the port, its tree is compared less often.
constexpr Millis kForeignPause{50};
/// A service without a port shows that it works by living on: a wrong command, a missing module or file ends it sooner.
constexpr Millis kAliveLongEnough{300};

/// Quick services are noticed within a millisecond, slow ones cost little.
Millis poll_period(Millis youngest_age) {
  if (youngest_age < Millis(500)) return Millis(1);
  if (youngest_age < Millis(20'000)) return Millis(2);
  return Millis(5);
}

/// Everything below the guardian; it holds no socket of the service itself.
std::vector<pid_t> service_tree(pid_t guardian) {
  auto tree = os::process_tree(guardian);
  if (!tree.empty()) tree.erase(tree.begin());
  return tree;
}

/// A server on 127.0.0.2 or a LAN address is up, but the URL that everybody is told does not reach it.
std::string unreachable_remark(const std::vector<os::Listener>& listeners, Port port) {
  std::string where;
  for (const auto& listener : listeners) {
    if (listener.port != port) continue;
    const auto& address = listener.address;
    if (address == "127.0.0.1" || address == "::1" || address == "0.0.0.0" || address == "::") return {};
    where += (where.empty() ? "" : ", ") + address;
  }
  return "listens on " + where + " only: localhost does not reach it";
}

bool is_own_port(const Readiness::Watched& watched, Port port) {
  return watched.port == port || std::count(watched.named_ports.begin(), watched.named_ports.end(), port) > 0;
}

}  // namespace

Readiness::Readiness(boost::asio::io_context& loop, Observer& observer) : loop_(loop), observer_(observer), timer_(loop) {}

Readiness::~Readiness() = default;

void Readiness::watch(Watched watched) {
  if (entries_.empty()) {
    known_inodes_.clear();
    if (const auto listeners = os::all_listeners()) {
      for (const auto& listener : *listeners) known_inodes_.insert(listener.inode);
    }
  }
  const auto name = watched.service;
  entries_.insert_or_assign(name, Entry{std::move(watched), Clock::now(), {}, {}, false, {}, nullptr});
  schedule();
}

void Readiness::expect_port(const std::string& service, Port port) {
  const auto at = entries_.find(service);
  if (at == entries_.end()) return;
  at->second.watched.port = port;
  at->second.elsewhere.reset();
}

void Readiness::forget(const std::string& service) { entries_.erase(service); }

void Readiness::schedule() {
  if (scheduled_ || entries_.empty()) return;
  auto youngest = Millis::max();
  for (const auto& [name, entry] : entries_) {
    youngest = std::min(youngest, std::chrono::duration_cast<Millis>(Clock::now() - entry.since));
  }
  scheduled_ = true;
  timer_.expires_after(poll_period(youngest));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    scheduled_ = false;
    poll();
    schedule();
  });
}

void Readiness::poll() {
  const auto listeners = os::all_listeners();
  if (!listeners) return;
  const auto now = Clock::now();
  std::vector<std::string> names;  // an observer may forget services while we look at them
  for (const auto& [name, entry] : entries_) names.push_back(name);
  find_strays(*listeners, now);
  for (const auto& name : names) {
    const auto at = entries_.find(name);
    if (at != entries_.end() && at->second.http == nullptr) examine(at->second, *listeners, now);
  }
}

void Readiness::examine(Entry& entry, const std::vector<os::Listener>& listeners, TimePoint now) {
  if (entry.watched.spec.kind == config::ProbeKind::none) {
    if (now - entry.since >= kAliveLongEnough) listening(entry, {});
    return;
  }
  std::vector<std::uint64_t> inodes;
  for (const auto& listener : listeners) {
    if (listener.port == entry.watched.port) inodes.push_back(listener.inode);
  }
  if (!inodes.empty()) {
    if (entry.foreign_told && now - entry.last_look < kForeignPause) return;
    entry.last_look = now;
    const auto tree = service_tree(entry.watched.guardian);
    bool hidden = false;
    if (!os::socket_owners(tree, inodes, &hidden).empty()) {
      known_inodes_.insert(inodes.begin(), inodes.end());  // nobody's stray, once this service is watched no more
      return listening(entry, unreachable_remark(listeners, entry.watched.port));
    }
    const bool is_new = std::any_of(inodes.begin(), inodes.end(), [this](auto inode) { return !known_inodes_.contains(inode); });
    if (hidden && is_new) return listening(entry, "unproven: the kernel hides who listens on port " + std::to_string(entry.watched.port));
    if (!entry.foreign_told && !hidden) {
      entry.foreign_told = true;
      observer_.on_foreign_listener(std::string(entry.watched.service), entry.watched.port);
    }
    return;
  }
  if (!entry.elsewhere) return;
  const bool nearby = *entry.elsewhere > entry.watched.port && *entry.elsewhere <= entry.watched.port + kNearby;
  if (now - entry.elsewhere_since >= (nearby ? kNearbyLongEnough : kElsewhereLongEnough)) {
    const Port port = *entry.elsewhere;
    entry.elsewhere.reset();
    if (!serves(entry.watched.guardian, port)) return;  // it was there for a moment only
    observer_.on_listens_elsewhere(std::string(entry.watched.service), port);
  }
}

/// Looks at listeners that appeared since the last time: whose are they, if they are on nobody's own port?
void Readiness::find_strays(const std::vector<os::Listener>& listeners, TimePoint now) {
  for (const auto& listener : listeners) {
    if (std::all_of(entries_.begin(), entries_.end(), [](const auto& entry) { return entry.second.watched.port == 0; })) return;
    const bool expected = std::any_of(entries_.begin(), entries_.end(),
                                      [&](const auto& entry) { return is_own_port(entry.second.watched, listener.port); });
    if (expected || !known_inodes_.insert(listener.inode).second) continue;
    for (auto& [name, entry] : entries_) {
      if (entry.watched.port == 0) continue;
      const auto tree = service_tree(entry.watched.guardian);
      if (os::socket_owners(tree, {listener.inode}).empty()) continue;
      if (!entry.elsewhere || listener.port < *entry.elsewhere) {
        entry.elsewhere = listener.port;
        entry.elsewhere_since = now;
      }
      break;
    }
  }
}

void Readiness::listening(Entry& entry, const std::string& detail) {
  const std::string service = entry.watched.service;
  if (entry.watched.spec.kind != config::ProbeKind::http) {
    entries_.erase(service);
    observer_.on_ready(service, detail);
    return;
  }
  entry.http = std::make_unique<HttpProbe>(loop_, entry.watched.port, entry.watched.host, entry.watched.spec, [this, service, detail] {
    entries_.erase(service);  // destroys the probe: it makes no use of itself after this call
    observer_.on_ready(service, detail);
  });
}

bool Readiness::serves(pid_t guardian, Port port) {
  const auto listeners = os::listeners_on(port);
  if (!listeners || listeners->empty()) return false;
  std::vector<std::uint64_t> inodes;
  for (const auto& listener : *listeners) inodes.push_back(listener.inode);
  return !os::socket_owners(service_tree(guardian), inodes).empty();
}

}  // namespace devinit::supervisor
