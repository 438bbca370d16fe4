#include <algorithm>
#include <map>
#include <utility>

#include "os/files.hpp"
#include "os/process.hpp"
#include "registry/salvage.hpp"
#include "registry/schema.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

using Roots = std::map<std::string, std::optional<LiveProcess>>;

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

void add_supervised(const Registry::Options& options, Roots& roots) {
  if (!options.supervised_root) return;
  for (const os::ProcessStat& process : os::all_processes()) {
    if (process.kernel_thread) continue;
    const auto info = os::process_info(process.identity.pid);
    const auto root = info ? options.supervised_root(info->command) : std::nullopt;
    if (!root) continue;
    roots[*root] = LiveProcess{process.identity.pid, static_cast<std::int64_t>(process.identity.start_ticks), os::boot_id()};
  }
}

Roots roots_to_ask(const Registry::State& state) {
  Roots roots;
  add_supervised(state.options, roots);
  for (std::string& root : known_projects(state.where)) {
    if (os::is_directory(root)) roots.try_emplace(std::move(root));
  }
  return roots;
}

/// What the files of one root say and the registry does not know. The number of leases that this adds.
Result<std::size_t> add_leases(Registry::State& state, const std::string& root, const std::optional<LiveProcess>& live) {
  std::size_t added = 0;
  for (const WantedLease& wanted : state.options.ports_of(root)) {
    TRY_ASSIGN(const auto own, state.leases->of(OwnerKind::project, root));
    const bool known = std::any_of(own.begin(), own.end(), [&](const Lease& lease) { return lease.owner.role == wanted.role; });
    if (known || state.leases->taken().contains(wanted.port)) continue;
    Lease lease;
    lease.port = wanted.port;
    lease.owner = {OwnerKind::project, root, 0, wanted.role};
    lease.label = root.substr(root.rfind('/') + 1);
    lease.checkout = root;
    lease.live = live;
    lease.created = lease.last_used = state.now();
    lease.pending = state.options.pending;
    TRY_ASSIGN(const bool inserted, state.leases->insert(lease));
    if (inserted) ++added;
  }
  return added;
}

Result<std::size_t> add_from_files(Registry::State& state) {
  if (!state.options.ports_of) return std::size_t{0};
  TRY_ASSIGN(auto change, Change::begin(state));
  std::size_t added = 0;
  for (const auto& [root, live] : roots_to_ask(state)) {
    TRY_ASSIGN(const std::size_t more, add_leases(state, root, live));
    added += more;
  }
  TRY(change.commit());
  return added;
}

std::string what_became_of_it(const Salvage& salvage, std::size_t from_files) {
  std::string text = salvage.kept.empty() ? "it was made anew: "
                                          : "it was kept as " + salvage.kept + " and rebuilt: " + counted(salvage.leases, "lease") +
                                                " could still be read, ";
  if (salvage.nonsense > 0) text += counted(salvage.nonsense, "row") + " held nonsense, ";
  if (!salvage.backup.empty()) text += counted(salvage.restored, "lease") + " came from the backup of " + salvage.backup + ", ";
  text += counted(from_files, "lease") + " came from the .ports.json files of known projects";
  if (salvage.complete) return text;
  return text + (salvage.backup.empty() ? "; what other apps had is lost: there is no backup"
                                        : "; what apps were given after that backup, and could not be read, is lost");
}

}  // namespace

Result<> Registry::State::rebuild(const Error& damage) {
  if (where.backend != Location::Backend::sqlite) return damage;
  adopt(nullptr);
  const auto salvage = salvage_database(where);
  if (!salvage) return Error(Errc::damaged, damage.message + "\nit cannot be rebuilt: " + salvage.error().message, salvage.error().hint);
  auto opened = open_database(where, Access::read_write);
  if (!opened) return opened.error().error;
  TRY(ensure_schema(**opened, Access::read_write));
  adopt(std::move(*opened));
  if (!salvage->done) return {};
  TRY_ASSIGN(const std::size_t added, add_from_files(*this));
  if (options.on_notice) options.on_notice(damage.message + "; " + what_became_of_it(*salvage, added));
  return {};
}

}  // namespace devinit::registry
