#include <algorithm>
#include <set>
#include <utility>

#include "registry/path_text.hpp"
#include "registry/registry.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kSettle{"UPDATE lease SET pending = 0 WHERE host = $1 AND kind = 'project' AND owner = $2 AND pending <> 0"};

bool is_run(const std::string& role) { return role.starts_with("run:"); }

/// A port of the app whose files are in `root`: it was allocated for what is started there.
bool is_app_in(const Lease& lease, const std::string& root) { return lease.owner.kind == OwnerKind::app && lease.checkout == root; }

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
    for (const WantedLease& want : wanted) TRY(judge(want));
    // All that ends goes first: services may exchange their ports.
    for (const Lease& lease : before) {
      const bool concerned = scope == Scope::whole_project ? !is_run(lease.owner.role) : lease.owner.role == wanted.front().role;
      if (concerned && !stays(lease)) TRY(leases_.erase(lease));
    }
    for (Grant& grant : grants_) TRY(take(grant));
    return std::move(report_);
  }

 private:
  /// A wanted port that the checkout gets.
  struct Grant {
    const WantedLease* want;
    std::optional<Lease> holder;  ///< who has it until now
  };

  Result<> judge(const WantedLease& want) {
    if (const Grant* grant = grant_of(want.port)) {
      refuse(want, new_lease(*grant->want));
      return {};
    }
    TRY_ASSIGN(auto holder, leases_.at(want.port));
    if (!holder || is_own_app(*holder) || is_own(*holder, want.role) || may_go(*holder, want)) {
      grants_.push_back({&want, std::move(holder)});
    } else {
      refuse(want, std::move(*holder));
    }
    return {};
  }

  void refuse(const WantedLease& want, Lease holder) {
    refused_roles_.insert(want.role);
    report_.refused.push_back(std::move(holder));
  }

  /// Who is refused a new port keeps the old one, unless another service of the checkout has got that.
  [[nodiscard]] bool stays(const Lease& lease) const {
    const Grant* grant = grant_of(lease.port);
    return grant != nullptr ? grant->want->role == lease.owner.role : refused_roles_.contains(lease.owner.role);
  }

  Result<> take(Grant& grant) {
    auto& holder = grant.holder;
    if (holder && is_own_app(*holder)) {
      holder->live = live_;
      holder->last_used = now_;
      return leases_.update(*holder);
    }
    if (holder && is_own(*holder, grant.want->role)) {
      fill(*holder);
      return leases_.update(*holder);
    }
    if (holder) {
      TRY(leases_.erase(*holder));
      if (!is_own(*holder)) report_.taken_over.push_back(std::move(*holder));
    }
    TRY(leases_.insert(new_lease(*grant.want)));
    return {};
  }

  [[nodiscard]] const Grant* grant_of(Port port) const {
    const auto at = std::find_if(grants_.begin(), grants_.end(), [port](const Grant& grant) { return grant.want->port == port; });
    return at == grants_.end() ? nullptr : &*at;
  }

  [[nodiscard]] Lease new_lease(const WantedLease& want) const {
    Lease lease;
    lease.port = want.port;
    lease.owner = {OwnerKind::project, checkout_.root, 0, want.role};
    lease.created = now_;
    fill(lease);
    return lease;
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
  [[nodiscard]] bool is_own(const Lease& lease, const std::string& role) const { return is_own(lease) && lease.owner.role == role; }
  [[nodiscard]] bool is_own_app(const Lease& lease) const { return is_app_in(lease, checkout_.root); }

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
  std::vector<Grant> grants_;
  std::set<std::string> refused_roles_;
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

/// All roles of the app that has `lease`. What the checkout has leased as a project comes first: its services had these ports last.
Result<> add_app(LeaseTable& leases, const Lease& lease, Neighbours& neighbours) {
  TRY_ASSIGN(const auto of_app, leases.of_app(lease.owner.name, lease.owner.instance));
  for (const Lease& one : of_app) {
    if (!is_app_in(one, lease.checkout)) continue;
    neighbours.own.emplace(one.owner.role, one.port);
    neighbours.taken.erase(one.port);
  }
  return {};
}

}  // namespace

Result<Neighbours> Registry::neighbours_of(const Checkout& checkout, std::span<const Port> asked) {
  return state_->read([&]() -> Result<Neighbours> {
    TRY(state_->leases->refresh());
    Neighbours neighbours;
    neighbours.taken = state_->leases->taken();
    FoldersSeen folders;
    TRY(state_->leases->each_of_kind(OwnerKind::project, [&](const Lease& lease) {
      const bool own = lease.owner.name == checkout.root;
      if (own) neighbours.own.emplace(lease.owner.role, lease.port);
      if (own || state_->reclaimable(lease, folders)) neighbours.taken.erase(lease.port);
    }));
    for (const Port port : asked) {
      if (!neighbours.taken.contains(port)) continue;
      TRY_ASSIGN(auto lease, state_->leases->at(port));
      if (lease && is_app_in(*lease, checkout.root)) {
        TRY(add_app(*state_->leases, *lease, neighbours));
      } else if (lease) {
        neighbours.others.emplace(port, std::move(*lease));
      }
    }
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
    TRY(state_->database->run(kSettle, std::array{Value(state_->options.host.id), Value(PathText(root).view())}));
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
