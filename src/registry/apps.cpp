#include <algorithm>
#include <span>
#include <utility>

#include "os/hash.hpp"
#include "registry/registry.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kName{"SELECT name FROM project_name WHERE host = $1 AND model = $2 AND app = $3"};
constexpr Sql kNameTaken{"SELECT name FROM project_name WHERE host = $1 AND name = $2"};
constexpr Sql kAddName{"INSERT INTO project_name (host, name, model, app) VALUES ($1, $2, $3, $4)"};
constexpr Sql kDropName{"DELETE FROM project_name WHERE host = $1 AND model = $2 AND app = $3"};

/// Shortest hash in a project name; the next lengths serve when even these meet.
constexpr std::size_t kHashDigits = 6;

using Answers = std::vector<Result<AppPorts>>;

Result<> check_app(const std::string& model, std::int64_t app) {
  TRY(check_model(model));
  if (app < 1) return Error(Errc::usage, "app " + std::to_string(app) + " of model " + model + ": app numbers begin at 1");
  return {};
}

std::string title_of(const AppRequest& request) { return "model " + request.model + " app " + std::to_string(request.app); }

const Lease* find_role(const std::vector<Lease>& leases, const std::string& role) {
  const auto found = std::find_if(leases.begin(), leases.end(), [&](const Lease& lease) { return lease.owner.role == role; });
  return found == leases.end() ? nullptr : &*found;
}

/// The request says where the app lives, and the lease something else.
bool lives_elsewhere(const AppRequest& request, const Lease& lease) {
  return !request.checkout.empty() && request.checkout != lease.checkout;
}

/// The answer when nothing has to be written for it.
std::optional<AppPorts> complete(const AppRequest& request, const std::vector<Lease>& existing) {
  AppPorts answer;
  if (std::any_of(existing.begin(), existing.end(), [&](const Lease& lease) { return lives_elsewhere(request, lease); })) {
    return std::nullopt;
  }
  for (const Grid& grid : request.grids) {
    const Lease* lease = find_role(existing, grid.role);
    if (lease == nullptr) return std::nullopt;
    answer.leases.push_back(*lease);
  }
  return answer;
}

Error exhausted(const AppRequest& request, const Grid& grid, const PortSet& taken, const PortPolicy& policy) {
  const GridUse use = use_of(grid, taken, policy);
  return Error(Errc::busy,
               "no free port for " + grid.role + " of " + title_of(request) + ": pool " + grid.pool + " has " + std::to_string(use.size) +
                   " ports from " + std::to_string(grid.start) + " to " + std::to_string(grid.end) + ", of which " +
                   std::to_string(use.taken) + " are leased, " + std::to_string(use.never) + " are never given, and " +
                   std::to_string(use.size - use.taken - use.never) + " are held by other programs",
               "end leases that nobody needs with `devinit ports gc` or `devinit ports release MODEL APP`, "
               "or take a pool with a wider range");
}

/// One call of `allocate`, inside its transaction.
class Allocation {
 public:
  Allocation(Registry::State& state, const PortPolicy& policy) : state_(state), leases_(*state.leases), policy_(policy) {}

  /// Adds one answer. A request that fails leaves nothing of it; the error that is returned is the database's.
  Result<> serve(const AppRequest& request, Answers& answers) {
    TRY_ASSIGN(auto leases, leases_.of_app(request.model, request.app));
    const std::size_t existing = leases.size();  // the new ones follow them
    for (const Grid& grid : request.grids) {
      if (find_role(leases, grid.role) != nullptr) continue;
      TRY_ASSIGN(auto lease, add(request, grid));
      if (!lease) {
        answers.emplace_back(exhausted(request, grid, leases_.taken(), policy_));
        return take_back(std::span(leases).subspan(existing));
      }
      leases.push_back(std::move(*lease));
    }
    TRY(note_checkout(request, leases));
    auto answer = complete(request, leases);
    ASSERT(answer);
    answer->created = leases.size() > existing;
    answers.emplace_back(std::move(*answer));
    return {};
  }

 private:
  /// An app lives in one place, with all of its roles.
  Result<> note_checkout(const AppRequest& request, std::vector<Lease>& leases) {
    for (Lease& lease : leases) {
      if (!lives_elsewhere(request, lease)) continue;
      lease.checkout = request.checkout;
      TRY(leases_.update(lease));
    }
    return {};
  }

  /// Nothing when the grid is full.
  Result<std::optional<Lease>> add(const AppRequest& request, const Grid& grid) {
    Lease lease = state_.new_lease({OwnerKind::app, request.model, request.app, grid.role});
    lease.checkout = request.checkout;
    lease.pool = grid.pool;
    while (true) {
      TRY_ASSIGN(const auto port, choose(request, grid));
      if (!port) return std::optional<Lease>();
      lease.port = *port;
      TRY_ASSIGN(const bool inserted, leases_.insert(lease));
      if (inserted) break;
      TRY(leases_.rebuild_taken());
    }
    return std::optional<Lease>(std::move(lease));
  }

  Result<std::optional<Port>> choose(const AppRequest& request, const Grid& grid) {
    if (const auto entry = request.preconfigured.find(grid.role); entry != request.preconfigured.end()) {
      TRY_ASSIGN(const bool usable, vacate(entry->second));
      if (usable) return std::optional<Port>(entry->second);
    }
    auto port = leases_.lowest_free(grid, policy_, busy_);
    if (!port && !swept_) {
      swept_ = true;
      TRY_ASSIGN(const auto reclaimable, state_.find_reclaimable());
      for (const Lease& lease : reclaimable) TRY(leases_.erase(lease));
      port = leases_.lowest_free(grid, policy_, busy_);
    }
    return port;
  }

  /// Whether a port that somebody named is free; a lease that may go does not keep it.
  Result<bool> vacate(Port port) {
    TRY_ASSIGN(const auto holder, leases_.at(port));
    if ((holder && !state_.reclaimable(*holder)) || (policy_.is_free && !policy_.is_free(port))) return false;
    if (holder) TRY(leases_.erase(*holder));
    return true;
  }

  Result<> take_back(std::span<const Lease> added) {
    for (const Lease& lease : added) TRY(leases_.erase(lease));
    return {};
  }

  Registry::State& state_;
  LeaseTable& leases_;
  const PortPolicy& policy_;
  PortSet busy_;        ///< refused by the probe: not asked again in this call
  bool swept_ = false;  ///< reclaimable leases have ended already
};

/// Answers as long as all ports exist; fewer than `requests` when one has to be allocated.
Result<Answers> answer_known(LeaseTable& leases, std::span<const AppRequest> requests) {
  Answers answers;
  for (const AppRequest& request : requests) {
    if (auto valid = check_app(request.model, request.app); !valid) {
      answers.emplace_back(valid.error());
      continue;
    }
    TRY_ASSIGN(const auto existing, leases.of_app(request.model, request.app));
    auto known = complete(request, existing);
    if (!known) break;
    answers.emplace_back(std::move(*known));
  }
  return answers;
}

/// A free name: `preferred`, else with the shortest hash of the owner that nobody has.
Result<std::string> choose_name(Registry::State& state, const std::string& preferred, const std::string& owner) {
  const std::string hash = os::short_hash(owner);
  std::string name = preferred;
  for (std::size_t digits = kHashDigits;; ++digits) {
    TRY_ASSIGN(const auto holders, state.database->run(kNameTaken, std::array{Value(state.options.host.id), Value(name)}));
    if (holders == 0) return name;
    if (digits > hash.size()) return Error(Errc::failed, "every project name made from " + preferred + " is taken");
    name = preferred + "-" + hash.substr(0, digits);
  }
}

}  // namespace

Result<Answers> Registry::allocate(std::span<const AppRequest> requests, const PortPolicy& policy) {
  return state_->read([&]() -> Result<Answers> {
    TRY_ASSIGN(auto answers, answer_known(*state_->leases, requests));
    if (answers.size() == requests.size()) return answers;
    TRY(state_->check_writable());
    TRY_ASSIGN(auto change, Change::begin(*state_));
    Allocation allocation(*state_, policy);
    answers.clear();
    for (const AppRequest& request : requests) {
      if (auto valid = check_app(request.model, request.app); !valid) {
        answers.emplace_back(valid.error());
        continue;
      }
      TRY(allocation.serve(request, answers));
    }
    TRY(change.commit());
    return answers;
  });
}

Result<std::vector<Lease>> Registry::find_app(const std::string& model, std::int64_t app) {
  return state_->read([&] { return state_->leases->of_app(model, app); });
}

Result<std::vector<Lease>> Registry::release_app(const std::string& model, std::int64_t app) {
  return state_->write([&]() -> Result<std::vector<Lease>> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto ended, state_->leases->of_app(model, app));
    for (const Lease& lease : ended) TRY(state_->leases->erase(lease));
    TRY(state_->database->run(kDropName, std::array<Value, 3>{std::string_view(state_->options.host.id), std::string_view(model), app}));
    TRY(change.commit());
    return ended;
  });
}

Result<std::string> Registry::project_name(const std::string& model, std::int64_t app, const std::string& preferred) {
  TRY(check_app(model, app));
  const std::array<Value, 3> owner{std::string_view(state_->options.host.id), std::string_view(model), app};
  std::string name;
  const auto find = [&]() -> Result<bool> {
    TRY_ASSIGN(const auto found, state_->database->run(kName, owner, [&](const Row& row) { name = row.text(0); }));
    return found > 0;
  };
  return state_->read([&]() -> Result<std::string> {
    TRY_ASSIGN(bool known, find());
    if (known) return name;
    TRY(state_->check_writable());
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(known, find());
    if (known) return name;
    TRY_ASSIGN(name, choose_name(*state_, preferred, model + "\n" + std::to_string(app)));
    TRY(state_->database->run(kAddName, std::array<Value, 4>{owner[0], std::string_view(name), owner[1], app}));
    TRY(change.commit());
    return name;
  });
}

Result<> Registry::set_checkout(const std::string& model, std::int64_t app, const std::string& checkout) {
  return state_->write([&]() -> Result<> {
    TRY_ASSIGN(auto change, Change::begin(*state_));
    TRY_ASSIGN(auto leases, state_->leases->of_app(model, app));
    if (leases.empty()) return Error(Errc::not_found, "model " + model + " app " + std::to_string(app) + " has no ports");
    for (Lease& lease : leases) {
      lease.checkout = checkout;
      TRY(state_->leases->update(lease));
    }
    return change.commit();
  });
}

}  // namespace devinit::registry
