#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "registry/lease_table.hpp"
#include "registry/registry.hpp"

namespace devinit::registry {

/// Which folders exist: each is looked at once, however many leases a checkout has.
using FoldersSeen = std::map<std::string, bool>;

/// What a `Registry` consists of, for the files of this folder.
struct Registry::State {
  Location where;
  Access access = Access::read_write;
  Options options;
  std::unique_ptr<Database> database;  ///< none: it may only be read and does not exist yet
  std::optional<LeaseTable> leases;    ///< of `options.host`; as long as `database`
  std::set<std::string> ended_hosts;   ///< ephemeral ones, not seen for a day; as of the last `find_ended_hosts`

  /// Opens what is not open. Damage is mended (see `rebuild`).
  [[nodiscard]] Result<> connect();
  void adopt(std::unique_ptr<Database> opened);
  /// Keeps the damaged file, makes a new database of what can be found, and says so (rebuild.cpp). `damage` is the error when a server has
  /// it.
  [[nodiscard]] Result<> rebuild(const Error& damage);

  /// `work` with an open database: once more after a rebuild when it met damage. Without a database the answer is an empty one.
  template <class Work>
  [[nodiscard]] auto read(Work work) -> decltype(work()) {
    TRY(connect());
    if (!database) return {};
    auto outcome = work();
    if (outcome || !is_corrupt(outcome.error())) return outcome;
    TRY(rebuild(outcome.error()));
    return work();
  }
  /// The same for work that changes something. Errc::refused when the registry may only be read.
  template <class Work>
  [[nodiscard]] auto write(Work work) -> decltype(work()) {
    TRY(check_writable());
    return read(std::move(work));
  }
  [[nodiscard]] Result<> check_writable() const;

  [[nodiscard]] Seconds now() const;
  /// Of this host, from now on, in the pool "default"; its port is 0.
  [[nodiscard]] Lease new_lease(Owner owner) const;
  /// A lease of this host, as `registry.hpp` says.
  [[nodiscard]] bool is_live(const Lease& lease) const;
  [[nodiscard]] std::optional<std::string> reclaimable(const Lease& lease) const;
  [[nodiscard]] std::optional<std::string> reclaimable(const Lease& lease, FoldersSeen& folders) const;
  [[nodiscard]] Result<> find_ended_hosts();
  /// Reclaimable leases of projects on this host; in a `Change` they end.
  [[nodiscard]] Result<std::vector<Lease>> find_reclaimable();
};

/// A transaction on the leases: what they derive is written with it, and forgotten unless it is committed.
class Change {
 public:
  [[nodiscard]] static Result<Change> begin(Registry::State& state);
  Change(Change&& other) noexcept : state_(std::exchange(other.state_, nullptr)), transaction_(std::move(other.transaction_)) {}
  Change& operator=(Change&&) = delete;
  ~Change();
  [[nodiscard]] Result<> commit();

 private:
  Change(Registry::State& state, Transaction transaction) : state_(&state), transaction_(std::move(transaction)) {}
  Registry::State* state_;  ///< null when committed
  Transaction transaction_;
};

/// The roots that have ever had a lease in this database, from the file beside it. They outlive its damage. Empty for PostgreSQL.
[[nodiscard]] std::vector<std::string> known_projects(const Location& location);
/// Adds a root, once. What cannot be written is no error: the list is only there for a rebuild. Inside a transaction, which keeps others
/// out.
void remember_project(const Location& location, const std::string& root);

/// Valid UTF-8 without control characters; may be empty.
[[nodiscard]] bool is_plain_text(std::string_view text);
/// A name for an owner: UTF-8, 1 to 200 bytes, no control characters. `what` begins the message.
[[nodiscard]] Result<> check_name(const std::string& what, std::string_view name);

}  // namespace devinit::registry
