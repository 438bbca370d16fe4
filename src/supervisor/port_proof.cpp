#include "supervisor/port_proof.hpp"

#include <algorithm>
#include <utility>

namespace devinit::supervisor {
namespace {

/// A server that opens a debugger or a live-reload port first must not be taken for one that ignores its port.
/// The next numbers upward are what servers choose that find their port busy; any other number is believed later.
constexpr Millis kNearbyLongEnough{2000};
constexpr Millis kElsewhereLongEnough{10'000};
constexpr int kNearby = 20;
/// While a stranger listens on the port, its tree is compared less often.
constexpr Millis kForeignPause{50};

/// A server on 127.0.0.2 or a LAN address is up, but the URL that everybody is told does not reach it.
std::string unreachable_remark(const ListenerTable& listeners, Port port) {
  std::string where;
  for (const auto& listener : listeners.rows()) {
    if (listener.port != port) continue;
    const auto& address = listener.address;
    if (address == "127.0.0.1" || address == "::1" || address == "0.0.0.0" || address == "::") return {};
    where += (where.empty() ? "" : ", ") + address;
  }
  return "listens on " + where + " only: localhost does not reach it";
}

}  // namespace

void PortProof::remember(const ListenerTable& listeners) {
  known_inodes_.clear();
  for (const auto& listener : listeners.rows()) known_inodes_.insert(listener.inode);
}

void PortProof::begin(const ProbeTarget& target) {
  ASSERT(target.guardian != 0 && target.port != 0);
  claims_.insert_or_assign(target.service, Claim{target.port, target.named_ports, target.guardian});
}

void PortProof::expect(const std::string& service, Port port) {
  const auto at = claims_.find(service);
  if (at == claims_.end()) return;
  at->second.port = port;
  at->second.elsewhere.reset();
}

void PortProof::end(const std::string& service) { claims_.erase(service); }

bool PortProof::is_expected(Port port) const {
  return std::any_of(claims_.begin(), claims_.end(), [port](const auto& entry) {
    const auto& named = entry.second.named_ports;
    return entry.second.port == port || std::find(named.begin(), named.end(), port) != named.end();
  });
}

void PortProof::find_strays(const ListenerTable& listeners, TimePoint now) {
  if (claims_.empty()) return;
  for (const auto& listener : listeners.rows()) {
    if (known_inodes_.contains(listener.inode) || is_expected(listener.port)) continue;
    known_inodes_.insert(listener.inode);
    for (auto& [name, claim] : claims_) {
      if (!holds_any(claim.guardian, {listener.inode})) continue;
      if (!claim.elsewhere || listener.port < *claim.elsewhere) {
        claim.elsewhere = listener.port;
        claim.elsewhere_since = now;
      }
      break;
    }
  }
}

PortProof::Finding PortProof::examine(const std::string& service, const ListenerTable& listeners, TimePoint now) {
  const auto at = claims_.find(service);
  ASSERT(at != claims_.end());
  auto& claim = at->second;
  const auto inodes = listeners.inodes_on(claim.port);
  if (inodes.empty()) return settled_elsewhere(claim, listeners, now);
  if (!claim.foreign_told || now - claim.last_look >= kForeignPause) {
    claim.last_look = now;
    auto finding = examine_holders(claim, listeners, inodes);
    if (finding.verdict != Verdict::nobody) return finding;
  }
  return settled_elsewhere(claim, listeners, now);  // a server that found its port busy may have taken the next one
}

std::string PortProof::obstacle(const std::string& service, const ListenerTable& listeners) const {
  const auto at = claims_.find(service);
  if (at == claims_.end()) return {};
  const auto& claim = at->second;
  if (claim.elsewhere && holds_any(claim.guardian, listeners.inodes_on(*claim.elsewhere))) {
    return "it listens on port " + std::to_string(*claim.elsewhere) + " instead of " + std::to_string(claim.port);
  }
  if (!claim.foreign_told || listeners.inodes_on(claim.port).empty()) return {};
  return "another process listens on port " + std::to_string(claim.port);
}

PortProof::Finding PortProof::examine_holders(Claim& claim, const ListenerTable& listeners,
                                              const std::vector<std::uint64_t>& inodes) {
  bool hidden = false;
  if (holds_any(claim.guardian, inodes, &hidden)) {
    known_inodes_.insert(inodes.begin(), inodes.end());  // nobody's stray, once this service is watched no more
    return {Verdict::ours, unreachable_remark(listeners, claim.port)};
  }
  const bool is_new = std::any_of(inodes.begin(), inodes.end(), [this](auto inode) { return !known_inodes_.contains(inode); });
  if (hidden && is_new) return {Verdict::ours, "unproven: the kernel hides who listens on port " + std::to_string(claim.port)};
  if (hidden || std::exchange(claim.foreign_told, true)) return {};
  return {Verdict::foreign, {}, claim.port};
}

PortProof::Finding PortProof::settled_elsewhere(Claim& claim, const ListenerTable& listeners, TimePoint now) {
  if (!claim.elsewhere) return {};
  const bool nearby = *claim.elsewhere > claim.port && *claim.elsewhere <= claim.port + kNearby;
  if (now - claim.elsewhere_since < (nearby ? kNearbyLongEnough : kElsewhereLongEnough)) return {};
  const Port port = *std::exchange(claim.elsewhere, std::nullopt);
  if (!holds_any(claim.guardian, listeners.inodes_on(port))) return {};  // it was there for a moment only
  return {Verdict::elsewhere, {}, port};
}

}  // namespace devinit::supervisor
