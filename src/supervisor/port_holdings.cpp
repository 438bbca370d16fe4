#include "supervisor/port_holdings.hpp"

#include <algorithm>

#include "os/sockets.hpp"
#include "ports/holder.hpp"

namespace devinit::supervisor {
namespace {

using Verdict = engine::ClaimOutcome::Verdict;

/// Names the first few holders only: each look-up scans /proc.
std::string describe_holders(const std::vector<Port>& ports) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(ports.size(), kNamed); ++i) {
    if (!text.empty()) text += "; ";
    text += std::to_string(ports[i]) + ": ";
    const auto holders = ports::holders_of(ports[i]);
    text += holders.empty() ? "free again meanwhile" : ports::describe(holders.front());
  }
  if (ports.size() > kNamed) text += "; and " + std::to_string(ports.size() - kNamed) + " more up to " + std::to_string(ports.back());
  return text;
}

bool held_by_devinit(Port port) {
  const auto holders = ports::holders_of(port);
  return std::any_of(holders.begin(), holders.end(), [](const auto& holder) { return holder.ours.has_value(); });
}

}  // namespace

engine::ClaimOutcome PortHoldings::claim(const std::string& service, const std::string& port_name, Port first, Port last, int tries,
                                         const PortSet& avoid) {
  engine::ClaimOutcome outcome;
  if (tries == 1) {
    auto claim = ports::Claim::take(first);
    if (claim) {
      outcome.verdict = Verdict::claimed;
      outcome.port = first;
      claims_[service].insert_or_assign(port_name, std::move(*claim));
    } else if (claim.error() == ports::Verdict::privileged) {
      outcome.verdict = Verdict::privileged;
    } else {
      outcome.verdict = Verdict::busy;
      outcome.by_devinit = held_by_devinit(first);
    }
    return outcome;
  }
  auto found = ports::claim_first_free(first, last, tries, avoid);
  if (found.claim) {
    outcome.verdict = Verdict::claimed;
    outcome.port = found.claim->port();
    claims_[service].insert_or_assign(port_name, std::move(*found.claim));
  } else {
    outcome.verdict = found.privileged ? Verdict::privileged : Verdict::exhausted;
    outcome.holders = describe_holders(found.busy);
  }
  return outcome;
}

void PortHoldings::adopt(const std::string& service, const std::string& port_name, Port port) {
  release(service, port_name);
  if (auto claim = ports::Claim::take_token(port)) claims_[service].insert_or_assign(port_name, std::move(*claim));
}

void PortHoldings::open(const std::string& service, bool fenced) {
  const auto at = claims_.find(service);
  if (at == claims_.end()) return;
  for (auto& [name, claim] : at->second) {
    if (fenced) {
      claim.open_fence();
    } else {
      claim.drop_fence();
    }
  }
}

bool PortHoldings::holds(const std::string& service, const std::string& port_name) const {
  const auto at = claims_.find(service);
  return at != claims_.end() && at->second.contains(port_name);
}

std::vector<std::pair<std::string, Port>> PortHoldings::close(const std::string& service) {
  std::vector<std::pair<std::string, Port>> lost;
  const auto at = claims_.find(service);
  if (at == claims_.end()) return lost;
  for (auto& [name, claim] : at->second) {
    // A stranger may listen on a single address beside our fence; the tree is empty, so any listener is a stranger.
    if (!claim.close_fence()) lost.emplace_back(name, claim.port());
  }
  return lost;
}

Result<int> PortHoldings::listening_socket(const std::string& service, const std::string& host) {
  auto& claims = claims_[service];
  const auto main = claims.find("");
  if (main == claims.end()) return Error(Errc::failed, "it has no port to listen on");
  return main->second.listen(host.empty() ? "127.0.0.1" : host);
}

std::optional<PortHoldings::Inherited> PortHoldings::inherited(const std::string& service) const {
  const auto at = claims_.find(service);
  if (at == claims_.end()) return std::nullopt;
  const auto main = at->second.find("");
  if (main == at->second.end() || main->second.listener() == 0) return std::nullopt;
  return Inherited{main->second.port(), main->second.listener()};
}

Result<> PortHoldings::relieve(const std::string& service) {
  ASSERT(inherited(service));
  return claims_.at(service).at("").relieve_listener();
}

void PortHoldings::release(const std::string& service) { claims_.erase(service); }

void PortHoldings::release(const std::string& service, const std::string& port_name) {
  const auto at = claims_.find(service);
  if (at != claims_.end()) at->second.erase(port_name);
}

}  // namespace devinit::supervisor
