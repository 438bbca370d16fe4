#include "supervisor/lost_guardians.hpp"

#include <algorithm>
#include <utility>

#include "os/children.hpp"
#include "supervisor/sweep.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kRound{5};
constexpr std::chrono::seconds kBudget{10};
/// A process that forks while we look can hide from one scan.
constexpr int kProof = 2;

}  // namespace

void LostGuardians::add(const std::string& service, Then then) {
  lost_.push_back({service, std::move(then)});
  deadline_ = Clock::now() + kBudget;
  empty_scans_ = 0;
  round_after(Millis(0));
}

bool LostGuardians::contains(const std::string& service) const {
  return std::any_of(lost_.begin(), lost_.end(), [&](const auto& lost) { return lost.service == service; });
}

void LostGuardians::round_after(Millis pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) round();
  });
}

void LostGuardians::round() {
  for (const auto pid : os::reap_children()) reaped(pid);
  const auto orphans = orphans_of_lost_guardians(observer_.living_guardians(), spared_);
  os::kill_all(orphans);
  empty_scans_ = orphans.empty() ? empty_scans_ + 1 : 0;
  if (empty_scans_ >= kProof || Clock::now() > *deadline_) {
    empty_scans_ = 0;
    for (const auto& lost : std::exchange(lost_, {})) lost.then(!orphans.empty());
    return;
  }
  round_after(kRound);
}

}  // namespace devinit::supervisor
