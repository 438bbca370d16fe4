#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/port_set.hpp"
#include "base/result.hpp"
#include "registry/database.hpp"
#include "registry/grid.hpp"
#include "registry/host.hpp"
#include "registry/lease.hpp"
#include "registry/requests.hpp"

namespace devinit::registry {

/// The machine's (or team's) one table of who owns which port. Every change is one transaction that excludes all other writers; an answer
/// that has been returned is on disk. Not for two threads.
class Registry {
 public:
  /// How long a project's lease outlives its last use.
  static constexpr Seconds kDefaultIdleLimit = 30 * 24 * 3600;
  struct Options {
    Host host;
    Seconds idle_limit = kDefaultIdleLimit;
    std::function<Seconds()> now;                      ///< empty: the system's clock
    std::function<void(const std::string&)> on_notice; ///< what the user should read: "the registry … was damaged: kept as …, rebuilt …"
    bool pending = false;  ///< leases are taken here because the team's registry cannot be reached: they are marked, until `settle_project`
    /// For a rebuild: which root the supervisor with this command line works for (`ports::supervised_root`), and what the `.ports.json` of
    /// a root says (nothing when it has none, or cannot be read). Empty: live supervisors, or the files, add nothing.
    std::function<std::optional<std::string>(const std::vector<std::string>& command)> supervised_root;
    std::function<std::vector<WantedLease>(const std::string& root)> ports_of;
  };
  /// Opens the database and its schema. A damaged, truncated or zero-length SQLite file is kept as `registry.db.corrupt-<time>` (with its
  /// -wal), what can still be read is carried over, the rest is rebuilt from live supervisors and the `.ports.json` of the projects
  /// that were known (`registry.db.projects`, one path a line, kept beside it), and `on_notice` is told; the same when a later call meets
  /// the damage. To read a registry that does not exist yet is to read an empty one: no file is made. Errors as in `open_database` and
  /// `ensure_schema`.
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(const Location& location, Access access, Options options);
  ~Registry();

  // apps.cpp: (model, app number)
  /// Existing ports as they are, missing ones allocated; all requests in one transaction. An entry fails alone (Errc::busy with the figures
  /// when a grid is really full; then nothing of it is taken); the outer error is the database's, and then nothing was allocated. A request
  /// that names a checkout notes it for all ports of its app, also for those of roles that it does not ask for.
  [[nodiscard]] Result<std::vector<Result<AppPorts>>> allocate(std::span<const AppRequest> requests, const PortPolicy& policy);
  /// Without allocating; empty when there is none.
  [[nodiscard]] Result<std::vector<Lease>> find_app(const std::string& model, std::int64_t app);
  /// The leases that ended, and its project name with them; empty when there was none.
  [[nodiscard]] Result<std::vector<Lease>> release_app(const std::string& model, std::int64_t app);
  /// The unique compose project name of an app, made from `preferred` ("…-app1"): as it is, or with a short hash when another owner
  /// of this host has it. The same answer for ever, until `release_app`.
  [[nodiscard]] Result<std::string> project_name(const std::string& model, std::int64_t app, const std::string& preferred);
  /// Where the files of an app are (by `scaffold`).
  [[nodiscard]] Result<> set_checkout(const std::string& model, std::int64_t app, const std::string& checkout);
  /// All of both or nothing: with a conflict (a port or an owner that is taken otherwise, or twice in the list) nothing is imported. The
  /// report counts ports.
  [[nodiscard]] Result<ImportReport> import_rows(std::span<const ImportRow> rows, std::span<const ImportReservation> reservations = {});

  // projects.cpp: checkouts
  /// Reads only the leases of projects and those of `asked`: beside 20,000 apps as fast as alone. The app that lives in the checkout
  /// counts as its own when one of its ports is among `asked`.
  [[nodiscard]] Result<Neighbours> neighbours_of(const Checkout& checkout, std::span<const Port> asked);
  /// Leases `wanted` to the checkout, ends its other leases except `run:` roles, touches `last_used`. A lease of another owner goes when it
  /// is reclaimable, or idle and the port is `named`; else it stays and is `refused`, and the role keeps the port that it had. A port of
  /// the app that lives in the checkout stays the app's, in use by `live`.
  [[nodiscard]] Result<LeaseReport> lease_project(const Checkout& checkout, std::span<const WantedLease> wanted,
                                                   const std::optional<LiveProcess>& live);
  /// The one role of a `devinit run`: nothing else of the checkout changes.
  [[nodiscard]] Result<LeaseReport> lease_run(const Checkout& checkout, const WantedLease& wanted, const std::optional<LiveProcess>& live);
  /// `process` has ended, or is about to: what it kept live for `root` was used until now; on an ephemeral host these leases end.
  [[nodiscard]] Result<> end_run(const std::string& root, const LiveProcess& process);
  /// Its leases are known to the team's registry now: they are not `pending` any more.
  [[nodiscard]] Result<> settle_project(const std::string& root);
  [[nodiscard]] Result<std::vector<Lease>> release_project(const std::string& root);
  /// A lease may be taken without asking: a project whose checkout is gone, unused for longer than the limit, or of an ephemeral host that
  /// has ended; never a live one. The reason as a clause, or nothing.
  [[nodiscard]] std::optional<std::string> reclaimable(const Lease& lease) const;
  /// The process in `live` exists (on this host and boot).
  [[nodiscard]] bool is_live(const Lease& lease) const;

  // registry.cpp: everybody
  /// In the order of ports (then hosts).
  [[nodiscard]] Result<> each_lease(const Filter& filter, const std::function<void(const Lease&)>& sink);
  /// Whether somebody else may have written since this was last asked (the first answer is true): for one who looks again and again. With
  /// SQLite one PRAGMA; a server is always said to have changed.
  [[nodiscard]] Result<bool> changed_elsewhere();
  [[nodiscard]] Result<std::optional<Lease>> lease_of(Port port);
  /// All of the range or, when one of them has another owner, none (Errc::busy, naming the owners).
  [[nodiscard]] Result<> reserve(PortRange range, const std::string& name);
  [[nodiscard]] Result<std::vector<Lease>> release_reservation(const std::string& name);
  /// Ends every reclaimable lease; with `dry_run` says only which.
  [[nodiscard]] Result<std::vector<Lease>> collect_garbage(bool dry_run);
  /// Which ports of this host have a lease.
  [[nodiscard]] Result<PortSet> taken();
  /// What is wrong inside the database itself (`PRAGMA integrity_check`, duplicate ports or owners, the derived bitmaps); with `mend` the
  /// bitmaps are made anew. One sentence each.
  [[nodiscard]] Result<std::vector<std::string>> verify(bool mend);

  [[nodiscard]] const Location& location() const noexcept;
  [[nodiscard]] const Host& host() const noexcept;

  struct State;  ///< for the files of this folder: registry/state.hpp

 private:
  explicit Registry(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace devinit::registry
