#include "registry/salvage.hpp"

#include <array>
#include <ctime>
#include <optional>
#include <string_view>
#include <variant>

#include "os/file_system.hpp"
#include "os/files.hpp"
#include "os/self.hpp"
#include "registry/lease.hpp"
#include "registry/row_rescue.hpp"
#include "registry/schema.hpp"
#include "registry/sqlite_backup.hpp"
#include "registry/sqlite_connection.hpp"
#include "registry/sqlite_database.hpp"
#include "registry/sqlite_files.hpp"

namespace devinit::registry {
namespace {

/// The whole file is checked, not only the place where somebody stumbled.
bool is_sound(const Location& location) {
  const auto kind = inspect_sqlite_file(location);
  if (!kind || *kind == SqliteFile::damaged || *kind == SqliteFile::lost) return false;
  if (*kind == SqliteFile::missing || *kind == SqliteFile::empty) return true;  // opening it makes a new one
  auto connection = SqliteConnection::open(location.target, location.shown, SqliteConnection::Mode::read_only);
  if (!connection) return !is_corrupt(connection.error());
  std::string verdict;
  const auto checked = connection->run({"PRAGMA integrity_check(1)"}, {}, [&verdict](const Row& row) { verdict = row.text(0); });
  return checked.has_value() && verdict == "ok";
}

std::string utc_text(std::time_t time, const char* format) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  return std::string(text.data(), std::strftime(text.data(), text.size(), format, &parts));
}

/// A name that nothing has yet, neither for the file nor for its -wal.
std::string free_name(const std::string& path) {
  const std::string name = path + ".corrupt-" + utc_text(std::time(nullptr), "%Y%m%dT%H%M%S");
  std::string candidate = name;
  for (int number = 2; os::path_exists(candidate) || os::path_exists(candidate + "-wal"); ++number) {
    candidate = name + "-" + std::to_string(number);
  }
  return candidate;
}

/// Adds what the backup has and the new file lacks. A project's leases stay out: its own files know them, and newer.
Result<> add_backup(const std::string& path, const RowWriter& write, Salvage& salvage) {
  const auto made = backup_time(path);
  const std::string name = backup_path(path);
  if (!made || os::file_size(name).value_or(0) == 0) return {};
  auto backup = SqliteConnection::open(name, name, SqliteConnection::Mode::frozen);
  if (!backup) return {};
  constexpr std::size_t kKind = 2;
  const RowWriter write_lasting = [&](Sql insert, std::span<const Value> values) -> Result<std::int64_t> {
    const auto* const kind = std::get_if<std::string_view>(&values[kKind]);
    if (kind == nullptr || *kind == to_string(OwnerKind::project)) return std::int64_t{0};  // a row without a kind is part of the damage
    return write(insert, values);
  };
  TRY_ASSIGN(const Rescue leases, rescue_rows(*backup, KeptTable::leases, write_lasting));
  TRY(rescue_rows(*backup, KeptTable::project_names, write));
  TRY(rescue_rows(*backup, KeptTable::hosts, write));
  salvage.restored = leases.rows;
  salvage.backup = utc_text(*made, "%Y-%m-%d %H:%M:%S UTC");
  return {};
}

/// A database that is thrown away unless it has become the registry.
class NewDatabase {
 public:
  explicit NewDatabase(const Location& location) : location_(location) {
    location_.target += ".new-" + std::to_string(os::own_pid());
    remove_files();
  }
  NewDatabase(const NewDatabase&) = delete;
  NewDatabase& operator=(const NewDatabase&) = delete;
  ~NewDatabase() { remove_files(); }

  /// Fills it with what can be read of `damaged` (may be null) and, when that is not all, with what the backup of `path` adds; then closes
  /// it: all is in the one file then.
  Result<Salvage> fill(SqliteConnection* damaged, const std::string& path) {
    Salvage salvage;
    TRY_ASSIGN(const auto database, open_sqlite(location_, Access::read_write));
    TRY(ensure_schema(*database, Access::read_write));
    TRY_ASSIGN(auto transaction, Transaction::begin(*database));
    const RowWriter write = [&](Sql insert, std::span<const Value> values) { return database->run(insert, values); };
    if (damaged != nullptr) {
      TRY_ASSIGN(const Rescue leases, rescue_rows(*damaged, KeptTable::leases, write));
      TRY_ASSIGN(const Rescue names, rescue_rows(*damaged, KeptTable::project_names, write));
      TRY(rescue_rows(*damaged, KeptTable::hosts, write));
      salvage.leases = leases.rows;
      salvage.nonsense = leases.nonsense;
      salvage.complete = leases.complete && names.complete;
    }
    if (!salvage.complete) TRY(add_backup(path, write, salvage));
    TRY(rebuild_taken(*database));
    TRY(transaction.commit());
    return salvage;
  }
  Result<> move_to(const std::string& path) { return os::move_file(location_.target, path); }

 private:
  void remove_files() const noexcept {
    for (const char* suffix : {"", "-wal", "-shm", "-journal", ".lock", ".backup"}) os::remove_file(location_.target + suffix);
  }
  Location location_;
};

/// The damaged file as it is, with what its -wal adds; without that when the -wal is part of the damage.
std::optional<SqliteConnection> open_damaged(const Location& location) {
  for (const auto mode : {SqliteConnection::Mode::read_only, SqliteConnection::Mode::frozen}) {
    auto opened = SqliteConnection::open(location.target, location.shown, mode);
    if (opened) return std::move(*opened);
  }
  return std::nullopt;
}

/// Moves the damaged files away, the -wal first: a file without its -wal is a lesser evil than a new one with the old -wal. Its -shm is
/// derived.
Result<> keep_aside(const std::string& path, const std::string& kept) {
  auto moved = os::move_file(path + "-wal", kept + "-wal");
  if (!moved && moved.error().code != Errc::not_found) return moved;
  if (os::path_exists(path)) TRY(os::move_file(path, kept));
  os::remove_file(path + "-shm");
  return {};
}

}  // namespace

Result<Salvage> salvage_database(const Location& location) {
  ASSERT(location.backend == Location::Backend::sqlite);
  TRY_ASSIGN(const auto lock, lock_sqlite(location));
  if (is_sound(location)) return Salvage{};
  NewDatabase fresh(location);
  const std::string kept = free_name(location.target);
  Salvage salvage;
  {
    auto damaged = open_damaged(location);
    TRY_ASSIGN(salvage, fresh.fill(damaged ? &*damaged : nullptr, location.target));
  }
  const bool was_there = os::path_exists(location.target);
  TRY(keep_aside(location.target, kept));
  TRY(fresh.move_to(location.target));
  os::sync_directory(location.target.substr(0, location.target.rfind('/') + 1));
  salvage.done = true;
  if (was_there) salvage.kept = kept;
  return salvage;
}

}  // namespace devinit::registry
