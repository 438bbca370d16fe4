#include "registry/sqlite_database.hpp"

#include <optional>
#include <utility>

#include "os/files.hpp"
#include "registry/sqlite_connection.hpp"
#include "registry/sqlite_files.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kBegin{"BEGIN IMMEDIATE"};
constexpr Sql kCommit{"COMMIT"};
constexpr Sql kRollBack{"ROLLBACK"};
constexpr Sql kDataVersion{"PRAGMA data_version"};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(Location location, SqliteConnection connection, Access access)
      : location_(std::move(location)), connection_(std::move(connection)), files_(sqlite_file_ids(location_.target)), access_(access) {}
  ~SqliteDatabase() override { roll_back(); }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  Result<std::int64_t> run(Sql sql, std::span<const Value> parameters, const RowSink& sink) override {
    return connection_.run(sql, parameters, sink);
  }
  Result<> run_script(const char* script) override { return connection_.run_script(script); }

  Result<> begin() override {
    ASSERT(!locked_);
    if (access_ == Access::read_only) return Error(Errc::refused, "the registry " + location_.shown + " was opened to be read only");
    TRY(take_lock());
    auto begun = follow_files();
    if (begun) begun = without_count(connection_.run(kBegin, {}));
    if (!begun) release_lock();
    return begun;
  }

  Result<> commit() override {
    ASSERT(locked_);
    auto committed = without_count(connection_.run(kCommit, {}));
    if (!committed) {
      roll_back();
      return committed;
    }
    // What was just written must not hang on a -wal that nobody else can see.
    if (!has_same_wal(location_.target, files_)) committed = follow_files();
    release_lock();
    return committed;
  }

  void roll_back() noexcept override {
    if (connection_.in_transaction()) static_cast<void>(connection_.run(kRollBack, {}));
    release_lock();
  }

  Result<bool> changed_elsewhere() override {
    std::int64_t version = 0;
    TRY(connection_.run(kDataVersion, {}, [&version](const Row& row) { version = row.integer(0); }));
    return std::exchange(data_version_, version) != version;
  }

  const Location& location() const noexcept override { return location_; }

 private:
  Result<> take_lock() {
    if (lock_) {
      TRY(lock_sqlite_again(location_, *lock_));
    } else {
      TRY_ASSIGN(lock_, lock_sqlite(location_));
    }
    locked_ = true;
    return {};
  }
  void release_lock() noexcept {
    if (std::exchange(locked_, false)) lock_->release();
  }

  static Result<> without_count(Result<std::int64_t> ran) {
    TRY(std::move(ran));
    return {};
  }

  /// Under the lock: when the file or its -wal was deleted or replaced since they were opened, what we would write now would be lost. The
  /// connection still sees the old ones: a -wal is brought into the file, then the new ones are opened.
  Result<> follow_files() {
    const SqliteFileIds now = sqlite_file_ids(location_.target);
    if (now == files_) return {};
    if (!now.main || os::file_size(location_.target).value_or(0) == 0) {
      return Error(Errc::io, "the registry " + location_.shown + " was deleted while it was in use", "run the command again");
    }
    if (now.main == files_.main) TRY(connection_.run_script("PRAGMA wal_checkpoint(TRUNCATE)"));
    TRY(create_sqlite_files(location_.target));
    TRY_ASSIGN(connection_, SqliteConnection::open(location_.target, location_.shown, SqliteConnection::Mode::read_write));
    files_ = sqlite_file_ids(location_.target);
    data_version_.reset();
    return {};
  }

  Location location_;
  SqliteConnection connection_;
  SqliteFileIds files_;
  Access access_;
  std::optional<os::FileLock> lock_;  ///< kept open between transactions
  bool locked_ = false;
  std::optional<std::int64_t> data_version_;
};

/// A new file, or one that is not in WAL mode: switched under the lock, since SQLite lets only one process do that and tells the others
/// "busy" without waiting.
Result<> make_wal_file(const Location& location) {
  TRY_ASSIGN(const auto lock, lock_sqlite(location));
  TRY(create_sqlite_files(location.target));
  TRY_ASSIGN(auto connection, SqliteConnection::open(location.target, location.shown, SqliteConnection::Mode::read_write));
  return connection.run_script("PRAGMA journal_mode=WAL");
}

Result<SqliteConnection> open_to_read(const Location& location, SqliteFile kind) {
  using Mode = SqliteConnection::Mode;
  if (kind == SqliteFile::missing || kind == SqliteFile::empty) return SqliteConnection::open(location.target, location.shown, Mode::memory);
  auto connection = SqliteConnection::open(location.target, location.shown, Mode::read_only);
  if (connection || is_corrupt(connection.error()) || os::file_size(location.target + "-wal").value_or(0) > 0) return connection;
  // In a folder that cannot be written there is no place for -wal and -shm.
  return SqliteConnection::open(location.target, location.shown, Mode::frozen);
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const Location& location, Access access) {
  if (access == Access::read_write) TRY(prepare_sqlite_folder(location));
  TRY_ASSIGN(const SqliteFile kind, inspect_sqlite_file(location.target));
  if (kind == SqliteFile::foreign) return Error(Errc::damaged, "the registry " + location.shown + " is damaged: it is not a database");
  if (kind == SqliteFile::empty && has_lost_content(location.target)) {
    return Error(Errc::damaged, "the registry " + location.shown + " is damaged: it is empty, and was not always");
  }
  if (access == Access::read_only) {
    TRY_ASSIGN(auto connection, open_to_read(location, kind));
    return std::unique_ptr<Database>(std::make_unique<SqliteDatabase>(location, std::move(connection), access));
  }
  if (kind != SqliteFile::in_wal) TRY(make_wal_file(location));
  TRY_ASSIGN(auto connection, SqliteConnection::open(location.target, location.shown, SqliteConnection::Mode::read_write));
  return std::unique_ptr<Database>(std::make_unique<SqliteDatabase>(location, std::move(connection), access));
}

}  // namespace devinit::registry
