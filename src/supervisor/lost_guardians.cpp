#include "supervisor/lost_guardians.hpp"

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

void LostGuardians::add(const std::string& service) {
  lost_.insert(service);
  deadline_ = Clock::now() + kBudget;
  round();
}

void LostGuardians::round() {
  for (const auto pid : os::reap_children()) reaped(pid);
  const auto orphans = orphans_of_lost_guardians(observer_.living_guardians(), spared_);
  os::kill_all(orphans);
  empty_scans_ = orphans.empty() ? empty_scans_ + 1 : 0;
  if (empty_scans_ >= kProof || Clock::now() > *deadline_) {
    empty_scans_ = 0;
    for (const auto& service : std::exchange(lost_, {})) observer_.on_orphans_ended(service, !orphans.empty());
    return;
  }
  timer_.expires_after(kRound);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) round();
  });
}

}  // namespace devinit::supervisor
