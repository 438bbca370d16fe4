#include "supervisor/connection_drain.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace devinit::supervisor {
namespace {

constexpr Millis kPause{2};
/// The kernel takes a connection from the queue before the process has it, and one that was on its way when the others were led elsewhere still
/// comes: a single look may miss both.
constexpr int kLooks = 3;

/// True also when nobody listens with it any more.
bool queue_is_empty(const PortHoldings::Inherited& held) {
  const auto listeners = os::listeners_on(held.port);
  if (!listeners) return false;
  return std::none_of(listeners->begin(), listeners->end(),
                      [&held](const auto& row) { return row.inode == held.listener && row.backlog > 0; });
}

bool is_drained(const PortHoldings::Inherited& held) {
  if (!queue_is_empty(held)) return false;
  const auto connections = os::connections_on(held.port);
  return connections && all_read(*connections);
}

}  // namespace

struct ConnectionDrain::Entry {
  Entry(boost::asio::io_context& loop, PortHoldings::Inherited what, Relieve how, Done then)
      : held(what), relieve(std::move(how)), done(std::move(then)), timer(loop) {}

  PortHoldings::Inherited held;
  Relieve relieve;
  Done done;
  boost::asio::steady_timer timer;
  TimePoint limit{};
  bool relieved = false;
  int good_looks = 0;
};

ConnectionDrain::ConnectionDrain(boost::asio::io_context& loop) : loop_(loop) {}
ConnectionDrain::~ConnectionDrain() = default;

bool all_read(const std::vector<os::Connection>& connections) {
  return std::none_of(connections.begin(), connections.end(), [](const os::Connection& connection) {
    return connection.unread > 0 || (connection.silent && connection.quiet < ConnectionDrain::kFirstWords);
  });
}

void ConnectionDrain::begin(const std::string& service, PortHoldings::Inherited held, Relieve relieve, Done done) {
  auto entry = std::make_unique<Entry>(loop_, held, std::move(relieve), std::move(done));
  entry->limit = std::chrono::steady_clock::now() + kAcceptPatience;
  entries_.insert_or_assign(service, std::move(entry));
  look(service);
}

void ConnectionDrain::forget(const std::string& service) { entries_.erase(service); }

void ConnectionDrain::look(const std::string& service) {
  const auto at = entries_.find(service);
  if (at == entries_.end()) return;
  auto& entry = *at->second;
  if (!entry.relieved && queue_is_empty(entry.held)) {
    if (!entry.relieve()) return finish(service);
    entry.relieved = true;
    entry.limit = std::chrono::steady_clock::now() + kDrainLimit;
  }
  entry.good_looks = entry.relieved && is_drained(entry.held) ? entry.good_looks + 1 : 0;
  if (entry.good_looks == kLooks || std::chrono::steady_clock::now() >= entry.limit) return finish(service);
  look_again(service, entry);
}

void ConnectionDrain::look_again(const std::string& service, Entry& entry) {
  entry.timer.expires_after(kPause);
  entry.timer.async_wait([this, service, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) look(service);
  });
}

void ConnectionDrain::finish(const std::string& service) {
  const auto entry = std::move(entries_.at(service));  // destroyed after its `done`
  entries_.erase(service);
  entry->done();
}

}  // namespace devinit::supervisor
