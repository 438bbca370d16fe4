#include "cli/registry_audit.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cli/checkout_files.hpp"
#include "cli/lease_text.hpp"
#include "cli/listener_judgement.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;
using registry::OwnerKind;
using Kind = Finding::Kind;
using Mend = Finding::Mend;

/// One folder, and the leases whose files are in it.
struct CheckoutLeases {
  std::vector<const Lease*> leases;
  const Lease* project = nullptr;  ///< any lease of the project of which this is the root

  [[nodiscard]] bool owns(Port port) const {
    return std::ranges::any_of(leases, [port](const Lease* lease) { return lease->port == port; });
  }
  [[nodiscard]] const Lease* of_role(const std::string& role) const {
    const auto found = std::ranges::find_if(leases, [&role](const Lease* lease) { return lease->owner.role == role; });
    return found == leases.end() ? nullptr : *found;
  }
  /// Of a generated app: its `.env` is devinit's work.
  [[nodiscard]] bool holds_app() const {
    return std::ranges::any_of(leases, [](const Lease* lease) { return lease->owner.kind == OwnerKind::app; });
  }
};

std::string place_of(const NamedPort& named) { return named.file + ":" + std::to_string(named.line); }

class Audit {
 public:
  explicit Audit(registry::Registry& registry) : registry_(registry) {}

  Result<AuditReport> run() {
    TRY(registry_.each_lease({}, [this](const Lease& lease) { leases_.push_back(lease); }));
    for (const auto& lease : leases_) add(lease);
    TRY(look_into_registry());
    for (const auto& [folder, checkout] : checkouts_) look_into(folder, checkout);
    find_duplicates();
    find_strangers();
    std::ranges::stable_sort(report_.findings, {}, &Finding::kind);
    report_.leases = leases_.size();
    report_.checkouts = checkouts_.size();
    return std::move(report_);
  }

 private:
  void add(const Lease& lease) {
    by_port_.emplace(lease.port, &lease);
    const auto& folder = folder_of(lease);
    if (folder.empty()) return;
    auto& checkout = checkouts_[folder];
    checkout.leases.push_back(&lease);
    if (lease.owner.kind == OwnerKind::project) checkout.project = &lease;
  }

  Result<> look_into_registry() {
    TRY_ASSIGN(const auto sentences, registry_.verify(false));
    for (const auto& sentence : sentences) {
      report_.findings.push_back({Kind::registry, std::nullopt, registry_.location().shown, sentence,
                                  "devinit ports check --fix", Mend::rebuild, {}, {}});
    }
    return {};
  }

  void look_into(const std::string& folder, const CheckoutLeases& checkout) {
    if (!os::is_directory(folder)) return report_dead(folder, checkout);
    const auto files = read_checkout(folder, checkout.holds_app() ? EnvFiles::read : EnvFiles::ignored);
    for (const auto& mistake : files.mistakes) {
      const auto where = mistake.file + (mistake.line > 0 ? ":" + std::to_string(mistake.line) : "");
      report_.findings.push_back({Kind::unreadable, std::nullopt, where, mistake.what, "mend the file", Mend::nothing, {}, {}});
    }
    const auto contested = report_contested(files.ports);
    for (const auto& named : files.ports) {
      compare(folder, checkout, named, contested);
      named_[named.port].push_back({folder, named});
    }
  }

  /// Ports that one `.ports.json` gives to two roles: whose they are is for a person to say.
  PortSet report_contested(const std::vector<NamedPort>& ports) {
    PortSet contested;
    std::map<Port, const NamedPort*> first_users;
    for (const auto& named : ports) {
      if (!named.from_ports_file) continue;
      const auto [first, is_first] = first_users.emplace(named.port, &named);
      if (is_first) continue;
      contested.insert(named.port);
      const auto what = "port " + std::to_string(named.port) + " is that of " + named.role + " and of " + first->second->role +
                        ": only one of the two can have it";
      report_.findings.push_back({Kind::duplicate, named.port, place_of(named), what, "change one of the two lines", Mend::nothing, {}, {}});
    }
    return contested;
  }

  void report_dead(const std::string& folder, const CheckoutLeases& checkout) {
    std::set<std::string> told;  // an app has several leases, and one end
    for (const auto* lease : checkout.leases) {
      const auto owner = owner_text(*lease);
      if (!told.insert(owner).second) continue;
      Finding finding{Kind::dead_checkout, lease->port, folder, "the folder of " + owner + " is gone, its ports are kept", {},
                      Mend::nothing, {}, {}};
      if (lease->owner.kind == OwnerKind::project) {
        finding.todo = "devinit ports check --fix";
        finding.mend = registry_.is_live(*lease) ? Mend::nothing : Mend::release_project;
        finding.root = folder;
      } else {
        finding.todo = "devinit ports release '" + lease->owner.name + "' " + std::to_string(lease->owner.instance);
      }
      report_.findings.push_back(std::move(finding));
    }
  }

  void compare(const std::string& folder, const CheckoutLeases& checkout, const NamedPort& named, const PortSet& contested) {
    const auto* lease = checkout.of_role(named.role);
    if (lease == nullptr ? checkout.owns(named.port) : lease->port == named.port) return;
    const auto other = by_port_.find(named.port);
    const bool is_others = other != by_port_.end() && !checkout.owns(named.port);
    // A key that no lease is about says nothing about devinit's ports, unless it names somebody else's.
    if (lease == nullptr && !is_others && (named.from_ports_file || !named.role.empty())) return;
    Finding finding{Kind::disagreement, named.port, place_of(named), "it names port " + std::to_string(named.port),
                      {}, Mend::nothing, folder, named.role};
    if (!named.role.empty()) finding.what += " for " + named.role;
    if (lease != nullptr) finding.what += ", the registry has " + std::to_string(lease->port);
    if (is_others) finding.what += "; " + std::to_string(named.port) + " belongs to " + registry::describe(*other->second);
    if (lease == nullptr && !is_others) finding.what += ", which is none of this app's";
    suggest(finding, folder, lease, named, other == by_port_.end() && !contested.contains(named.port));
    report_.findings.push_back(std::move(finding));
  }

  /// `is_to_be_had`: the port is nobody's, and no two want it.
  void suggest(Finding& finding, const std::string& folder, const Lease* lease, const NamedPort& named, bool is_to_be_had) const {
    const bool of_project = lease != nullptr && lease->owner.kind == OwnerKind::project;
    if (!of_project) {
      finding.todo = "devinit scaffold fix " + folder;
    } else if (registry_.is_live(*lease)) {
      finding.todo = "devinit restart, in " + folder;
    } else if (named.from_ports_file && is_to_be_had) {
      finding.todo = "devinit ports check --fix gives it this port";
      finding.mend = Mend::follow_file;
    } else {
      finding.todo = "name another port there, or none: devinit start chooses one";
    }
  }

  void find_duplicates() {
    for (const auto& [port, users] : named_) {
      std::map<std::string, const NamedPort*> by_folder;
      for (const auto& user : users) by_folder.emplace(user.folder, &user.named);
      if (by_folder.size() < 2) continue;
      const auto& [first_folder, first] = *by_folder.begin();
      for (auto next = std::next(by_folder.begin()); next != by_folder.end(); ++next) {
        report_.findings.push_back({Kind::duplicate, port, place_of(*next->second),
                                    "port " + std::to_string(port) + " is named by " + place_of(*first) +
                                    ", too: only one of the two can have it", "change one of the two files", Mend::nothing, {}, {}});
      }
    }
  }

  void find_strangers() {
    PortSet leased;
    for (const auto& lease : leases_) leased.insert(lease.port);
    for (const auto& [port, holders] : ports::listening_holders(leased)) {
      const auto& lease = *by_port_.at(port);
      for (const auto& holder : holders) {
        if (!is_stranger(holder, lease)) continue;
        report_.findings.push_back({Kind::stranger, port, "port " + std::to_string(port),
                                    "it belongs to " + registry::describe(lease) + ", but is held by " +
                                    ports::describe(holder), stranger_advice(lease), Mend::nothing, {}, {}});
      }
    }
  }

  static std::string stranger_advice(const Lease& lease) {
    const auto kill = "devinit kill " + std::to_string(lease.port) + " ends it";
    if (!folder_of(lease).empty()) return kill;
    return kill + "; if it is the app itself: devinit -C FOLDER ports get MODEL APP tells where the app lives";
  }

  struct User {
    std::string folder;
    NamedPort named;
  };
  registry::Registry& registry_;
  std::vector<Lease> leases_;
  std::map<Port, const Lease*> by_port_;
  std::map<std::string, CheckoutLeases> checkouts_;
  std::map<Port, std::vector<User>> named_;
  AuditReport report_;
};

}  // namespace

const char* to_string(Finding::Kind kind) noexcept {
  switch (kind) {
    case Kind::registry:
      return "registry";
    case Kind::duplicate:
      return "duplicate";
    case Kind::stranger:
      return "stranger";
    case Kind::dead_checkout:
      return "dead_checkout";
    case Kind::disagreement:
      return "disagreement";
    case Kind::unreadable:
      return "unreadable";
  }
  return "";
}

Result<AuditReport> audit(registry::Registry& registry) { return Audit(registry).run(); }

}  // namespace devinit::cli
