#include "registry/salvage.hpp"

#include <array>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "os/file_system.hpp"
#include "os/files.hpp"
#include "os/self.hpp"
#include "registry/schema.hpp"
#include "registry/sqlite_connection.hpp"
#include "registry/sqlite_database.hpp"
#include "registry/sqlite_files.hpp"

namespace devinit::registry {
namespace {

/// A table whose rows are worth keeping. The first column of `read` is the rowid, the others are the parameters of `write`.
struct KeptTable {
  Sql read;
  Sql last;
  Sql write;
  int columns;
};
constexpr KeptTable kLeases{
    {"SELECT rowid, host, port, kind, owner, instance, role, label, checkout, repository, pid, pid_start, boot, created, last_used, pool, pending"
     " FROM lease NOT INDEXED WHERE rowid BETWEEN $1 AND $2 ORDER BY rowid"},
    {"SELECT max(rowid) FROM lease"},
    {"INSERT INTO lease (host, port, kind, owner, instance, role, label, checkout, repository, pid, pid_start, boot, created, last_used, pool, pending)"
     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING"},
    16};
constexpr KeptTable kNames{{"SELECT rowid, host, name, model, app FROM project_name NOT INDEXED WHERE rowid BETWEEN $1 AND $2 ORDER BY rowid"},
                           {"SELECT max(rowid) FROM project_name"},
                           {"INSERT INTO project_name (host, name, model, app) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"},
                           4};
constexpr KeptTable kHosts{{"SELECT rowid, host, ephemeral, last_seen FROM host_seen NOT INDEXED WHERE rowid BETWEEN $1 AND $2 ORDER BY rowid"},
                           {"SELECT max(rowid) FROM host_seen"},
                           {"INSERT INTO host_seen (host, ephemeral, last_seen) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"},
                           3};

/// Reads a table around its damaged pages: what cannot be read in one go is halved, down to the single row.
class RowRescue {
 public:
  RowRescue(SqliteConnection& from, Database& into, const KeptTable& table) : from_(from), into_(into), table_(table) {}

  /// How many rows were carried over. Errors are those of writing.
  Result<std::size_t> run() {
    std::int64_t last = kUnknownLast;
    const auto read = from_.run(table_.last, {}, [&last](const Row& row) { last = row.integer(0); });
    if (!read && read.error().code == Errc::not_found) return std::size_t{0};
    rescue(1, read ? last : kUnknownLast);
    if (failure_) return std::move(*failure_);
    return carried_;
  }

 private:
  /// When the highest row cannot be read: more rows than there are ports on a thousand hosts.
  static constexpr std::int64_t kUnknownLast = std::int64_t{1} << 26;
  /// Each try costs some microseconds; a file of which this many do not help has little left to give.
  static constexpr int kMaxTries = 100'000;

  void rescue(std::int64_t first, std::int64_t last) {
    if (first > last || failure_ || ++tries_ > kMaxTries) return;
    std::int64_t reached = first - 1;
    const auto read = from_.run(table_.read, std::array<Value, 2>{first, last}, [this, &reached](const Row& row) {
      reached = row.integer(0);
      carry(row);
    });
    if (read || first == last) return;
    const std::int64_t rest = reached + 1;
    if (rest == last) return;  // the damaged row itself
    const std::int64_t middle = rest + (last - rest) / 2;
    rescue(rest, middle);
    rescue(middle + 1, last);
  }

  void carry(const Row& row) {
    std::vector<Value> values;
    for (int column = 1; column <= table_.columns; ++column) values.push_back(value_of(row, column));
    auto written = into_.run(table_.write, values);
    // A row that is readable and yet breaks a rule (NULL where none may be) is part of the damage.
    if (written) carried_ += static_cast<std::size_t>(*written);
    if (!written && written.error().code != Errc::io) failure_ = written.error();
  }

  /// The tables hold numbers and texts only; a number is one whose digits read as it.
  static Value value_of(const Row& row, int column) {
    if (row.is_null(column)) return std::monostate{};
    return row.text(column);  // columns that are numbers turn the text back into one
  }

  SqliteConnection& from_;
  Database& into_;
  const KeptTable& table_;
  std::size_t carried_ = 0;
  int tries_ = 0;
  std::optional<Error> failure_;
};

/// The whole file is checked, not only the place where somebody stumbled.
bool is_sound(const Location& location) {
  const auto kind = inspect_sqlite_file(location.target);
  if (!kind || *kind == SqliteFile::foreign || (*kind == SqliteFile::empty && has_lost_content(location.target))) return false;
  if (*kind == SqliteFile::missing || *kind == SqliteFile::empty) return true;  // opening it makes a new one
  auto connection = SqliteConnection::open(location.target, location.shown, SqliteConnection::Mode::read_only);
  if (!connection) return !is_corrupt(connection.error());
  std::string verdict;
  const auto checked = connection->run({"PRAGMA integrity_check(1)"}, {}, [&verdict](const Row& row) { verdict = row.text(0); });
  return checked.has_value() && verdict == "ok";
}

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return std::string(text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%S", &parts));
}

/// A name that nothing has yet, neither for the file nor for its -wal.
std::string free_name(const std::string& path) {
  const std::string name = path + ".corrupt-" + time_stamp();
  std::string candidate = name;
  for (int number = 2; os::path_exists(candidate) || os::path_exists(candidate + "-wal"); ++number) {
    candidate = name + "-" + std::to_string(number);
  }
  return candidate;
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

  /// Fills it from `kept` and closes it: all is in the one file then.
  Result<Salvage> fill(SqliteConnection* kept) {
    Salvage salvage;
    TRY_ASSIGN(const auto database, open_sqlite(location_, Access::read_write));
    TRY(ensure_schema(*database, Access::read_write));
    if (kept == nullptr) return salvage;
    TRY_ASSIGN(auto transaction, Transaction::begin(*database));
    TRY_ASSIGN(salvage.leases, RowRescue(*kept, *database, kLeases).run());
    TRY_ASSIGN(salvage.names, RowRescue(*kept, *database, kNames).run());
    TRY(RowRescue(*kept, *database, kHosts).run());
    TRY(rebuild_taken(*database));
    TRY(transaction.commit());
    return salvage;
  }
  Result<> move_to(const std::string& path) { return os::move_file(location_.target, path); }

 private:
  void remove_files() const noexcept {
    for (const char* suffix : {"", "-wal", "-shm", "-journal", ".lock"}) os::remove_file(location_.target + suffix);
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

/// Moves the damaged files away, the -wal first: a file without its -wal is a lesser evil than a new one with the old -wal. Its -shm is derived.
Result<> keep_aside(const std::string& path, const std::string& kept) {
  auto moved = os::move_file(path + "-wal", kept + "-wal");
  if (!moved && moved.error().code != Errc::not_found) return moved;
  TRY(os::move_file(path, kept));
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
    TRY_ASSIGN(salvage, fresh.fill(damaged ? &*damaged : nullptr));
  }
  TRY(keep_aside(location.target, kept));
  TRY(fresh.move_to(location.target));
  os::sync_directory(location.target.substr(0, location.target.rfind('/') + 1));
  salvage.kept = kept;
  return salvage;
}

}  // namespace devinit::registry
