#include <algorithm>
#include <utility>

#include "registry/registry.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kSettle{"UPDATE lease SET pending = 0 WHERE host = $1 AND kind = 'project' AND owner = $2 AND pending <> 0"};

bool is_run(const std::string& role) { return role.starts_with("run:"); }

bool is_wanted(std::span<const WantedLease> wanted, const Lease& lease) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const WantedLease& want) { return want.role == lease.owner.role && want.port == lease.port; });
}

/// Which leases of the checkout end because `wanted` does not name them.
enum class Scope { whole_project, one_run };

/// One call of `lease_project` or `lease_run`, inside its transaction.
class Leasing {
 public:
  Leasing(Registry::State& state, const Checkout& checkout, const std::optional<LiveProcess>& live)
      : state_(state), leases_(*state.leases), checkout_(checkout), live_(live), now_(state.now()) {}

  Result<LeaseReport> run(std::span<const WantedLease> wanted, Scope scope) {
    TRY_ASSIGN(const auto before, leases_.of(OwnerKind::project, checkout_.root));
    if (before.empty()) remember_project(state_.where, checkout_.root);
    for (const Lease& lease : before) {
      const bool concerned = scope == Scope::whole_project ? !is_run(lease.owner.role) : lease.owner.role == wanted.front().role;
      if (concerned && !is_wanted(wanted, lease)) TRY(leases_.erase(lease));
    }
    for (const WantedLease& want : wanted) TRY(take(want));
    return std::move(report_);
  }

 private:
  Result<> take(const WantedLease& want) {
    TRY_ASSIGN(auto holder, leases_.at(want.port));
    if (holder && is_own(*holder) && holder->owner.role == want.role) {
      fill(*holder);
      return leases_.update(*holder);
    }
    if (holder && !may_go(*holder, want)) {
      report_.refused.push_back(std::move(*holder));
      return {};
    }
    if (holder) {
      TRY(leases_.erase(*holder));
      if (!is_own(*holder)) report_.taken_over.push_back(std::move(*holder));
    }
    Lease lease;
    lease.port = want.port;
    lease.owner = {OwnerKind::project, checkout_.root, 0, want.role};
    lease.created = now_;
    fill(lease);
    TRY(leases_.insert(lease));
    return {};
  }

  /// What a start says anew about a lease.
  void fill(Lease& lease) const {
    lease.label = checkout_.name;
    lease.checkout = checkout_.root;
    lease.repository = checkout_.repository;
    lease.live = live_;
    lease.last_used = now_;
    lease.pending = state_.options.pending;
  }

  [[nodiscard]] bool is_own(const Lease& lease) const {
    return lease.owner.kind == OwnerKind::project && lease.owner.name == checkout_.root;
  }

  /// Another worktree of the same repository keeps what it has, though nobody runs it: both are to have stable ports.
  [[nodiscard]] bool may_go(const Lease& lease, const WantedLease& want) const {
    if (lease.owner.kind != OwnerKind::project) return false;
    if (is_own(lease)) return !state_.is_live(lease) || lease.live == live_;
    if (state_.reclaimable(lease)) return true;
    const bool worktree = !checkout_.repository.empty() && lease.repository == checkout_.repository;
    return want.named && !worktree && !state_.is_live(lease);
  }

  Registry::State& state_;
  LeaseTable& leases_;
  const Checkout& checkout_;
  const std::optional<LiveProcess>& live_;
  Seconds now_;
  LeaseReport report_;
};

Result<LeaseReport> lease(Registry::State& state, const Checkout& checkout, std::span<const WantedLease> wanted,
                          const std::optional<LiveProcess>& live, Scope scope) {
  return state.write([&]() -> Result<LeaseReport> {
    TRY_ASSIGN(auto change, Change::begin(state));
    TRY_ASSIGN(auto report, Leasing(state, checkout, live).run(wanted, scope));
    TRY(change.commit());
    return report;
  });
}

}  // namespace

Result<Neighbours> Registry::neighbours_of(const Checkout& checkout) {
  return state_->read([&]() -> Result<Neighbours> {
    Neighbours neighbours;
    TRY(state_->leases->each({1, 65535}, [&](const Lease& lease) {
      if (lease.owner.kind == OwnerKind::project && lease.owner.name == checkout.root) {
        neighbours.own.emplace(lease.owner.role, lease.port);
      } else if (!state_->reclaimable(lease)) {
        neighbours.others.emplace_hint(neighbours.others.end(), lease.port, lease);
      }
    }));
    return neighbours;
  });
}

Result<LeaseReport> Registry::lease_project(const Checkout& checkout, std::span<const WantedLease> wanted,
                                            const std::optional<LiveProcess>& live) {
  return lease(*state_, checkout, wanted, live, Scope::whole_project);
}

Result<LeaseReport> Registry::lease_run(const Checkout& checkout, const WantedLease& wanted, const std::optional<LiveProcess>& live) {
  return lease(*state_, checkout, std::span(&wanted, 1), live, Scope::one_run);
}

Result<> Registry::end_run(const std::string& root, const LiveProcess& process) {
  return state_->write([&]() -> Result<> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto leases, state_->leases->of(OwnerKind::project, root));
    for (Lease& lease : leases) {
      if (lease.live != process) continue;
      if (state_->options.host.ephemeral) {
        TRY(state_->leases->erase(lease));
        continue;
      }
      lease.live.reset();
      lease.last_used = state_->now();
      TRY(state_->leases->update(lease));
    }
    return change.commit();
  });
}

Result<> Registry::settle_project(const std::string& root) {
  return state_->write([&]() -> Result<> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY(state_->database->run(kSettle, std::array{Value(state_->options.host.id), Value(root)}));
    return change.commit();
  });
}

Result<std::vector<Lease>> Registry::release_project(const std::string& root) {
  return state_->write([&]() -> Result<std::vector<Lease>> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto ended, state_->leases->of(OwnerKind::project, root));
    for (const Lease& lease : ended) TRY(state_->leases->erase(lease));
    TRY(change.commit());
    return ended;
  });
}

}  // namespace devinit::registry
