#include "registry/sqlite_database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/files.hpp"
#include "registry/row_rescue.hpp"
#include "registry/schema.hpp"
#include "registry/sqlite_backup.hpp"
#include "registry/sqlite_connection.hpp"
#include "registry/sqlite_files.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kBegin{"BEGIN IMMEDIATE"};
constexpr Sql kCommit{"COMMIT"};
constexpr Sql kRollBack{"ROLLBACK"};
constexpr Sql kDataVersion{"PRAGMA data_version"};

/// All rows of a connection whose -wal nobody else can read.
class SeenRows {
 public:
  [[nodiscard]] Result<> read(SqliteConnection& from) {
    const RowWriter keep = [this](Sql insert, std::span<const Value> values) -> Result<std::int64_t> {
      KeptRow& row = rows_.emplace_back(KeptRow{insert, {}});
      for (const Value& value : values) {
        const auto* const text = std::get_if<std::string_view>(&value);
        row.values.push_back(text == nullptr ? std::nullopt : std::optional<std::string>(*text));
      }
      return std::int64_t{1};
    };
    for (const KeptTable table : kKeptTables) TRY(rescue_rows(from, table, keep));
    return {};
  }

  /// The number of leases whose port, or whose owner, has another one there.
  [[nodiscard]] Result<std::size_t> add_to(SqliteConnection& into) const {
    constexpr Sql kSame{
        "SELECT 1 FROM lease WHERE host = $1 AND port = $2 AND kind = $3 AND owner = $4 AND instance = $5 AND role = $6"};
    constexpr std::size_t kKey = 6;
    std::size_t given_away = 0;
    for (const KeptRow& row : rows_) {
      std::vector<Value> values;
      for (const auto& value : row.values) values.push_back(value ? Value(std::string_view(*value)) : Value());
      TRY_ASSIGN(const auto added, into.run(row.insert, values));
      if (added > 0 || values.size() <= kKey) continue;
      TRY_ASSIGN(const auto same, into.run(kSame, std::span(values).first(kKey)));
      if (same == 0) ++given_away;
    }
    return given_away;
  }

 private:
  struct KeptRow {
    Sql insert;
    std::vector<std::optional<std::string>> values;
  };
  std::vector<KeptRow> rows_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(Location location, SqliteConnection connection, Access access)
      : location_(std::move(location)), connection_(std::move(connection)), files_(sqlite_file_ids(location_.target)), access_(access) {}
  ~SqliteDatabase() override {
    roll_back();
    if (access_ == Access::read_write && has_lost_log() && take_lock()) {
      static_cast<void>(follow_files(Others::may_have_written));
      release_lock();
    }
    end_connection();
  }
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
    auto begun = follow_files(Others::may_have_written);
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
    // What was just written must not hang on files that nobody else can see.
    if (sqlite_file_ids(location_.target) != files_) committed = follow_files(Others::kept_out);
    if (committed) keep_backup(connection_, location_.target);
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

  /// Whoever writes brings the log into the file at the end, unless many write at once: to close the log and to begin it anew are four of
  /// the five waits for the disk that an allocation takes, and SQLite makes others wait meanwhile, with pauses of up to 100 ms.
  void end_connection() noexcept {
    constexpr std::uint64_t kLogWorthMoving = 256 * 1024;  // who comes next reads what is left, in 0.2 ms
    if (!lock_) return connection_.close_without_log();
    const bool crowded = lock_->had_to_wait() && os::file_size(location_.target + "-wal").value_or(0) < kLogWorthMoving;
    if (crowded || !lock_->retake()) return connection_.close_without_log();
    // By a -shm that others have replaced we would move less than there is, and cut the rest off.
    if (sqlite_file_ids(location_.target) == files_) {
      connection_.close();
    } else {
      connection_.close_without_log();
    }
    lock_->release();
  }

  /// What other writers may have done since we last knew that the files were ours.
  enum class Others { kept_out, may_have_written };

  /// The file is still ours, its -wal was deleted.
  bool has_lost_log() const {
    const SqliteFileIds now = sqlite_file_ids(location_.target);
    return now.main && now.main == files_.main && now.wal != files_.wal;
  }

  /// Under the lock: when one of the files was deleted or replaced since they were opened, what we would write now would be lost. The
  /// connection still sees the old ones. A -wal that only we have is brought into the file, unless somebody may have gone on without it: it
  /// would overwrite what that one wrote.
  Result<> follow_files(Others others) {
    const SqliteFileIds now = sqlite_file_ids(location_.target);
    if (now == files_) return {};
    if (!now.main || os::file_size(location_.target).value_or(0) == 0) {
      return Error(Errc::io, "the registry " + location_.shown + " was deleted while it was in use", "run the command again");
    }
    if (now.main != files_.main) return reopen();
    if (now.wal == files_.wal) {
      // All commits are in the -wal: SQLite derives a new -shm from it. One that somebody made while we wrote does not know of our commit.
      if (others == Others::kept_out) os::remove_file(location_.target + "-shm");
      return reopen();
    }
    const bool unseen = !now.wal || (others == Others::kept_out && os::file_size(location_.target + "-wal").value_or(0) == 0);
    // By a -shm that nobody else has any more, others may have written to the file what our -wal knows older.
    if (!unseen || now.shm != files_.shm) return go_on_beside_others();
    TRY(connection_.run_script("PRAGMA wal_checkpoint(TRUNCATE)"));
    return reopen();
  }

  /// The old connection ends before the new one begins: inside a process SQLite shares a file's -shm, and this one has lost its name, too.
  Result<> reopen() {
    connection_.close_without_log();
    TRY(create_sqlite_files(location_.target));
    TRY_ASSIGN(connection_, SqliteConnection::open(location_.target, location_.shown, SqliteConnection::Mode::read_write));
    files_ = sqlite_file_ids(location_.target);
    data_version_.reset();
    return {};
  }

  /// Row by row, what only our log has is added to what others have made of the file meanwhile.
  Result<> go_on_beside_others() {
    SeenRows seen;
    TRY(seen.read(connection_));
    TRY(reopen());
    TRY(connection_.run(kBegin, {}));
    auto given_away = seen.add_to(connection_);
    auto added = given_away ? rebuild_taken(*this) : Result<>(given_away.error());
    if (added) added = without_count(connection_.run(kCommit, {}));
    if (!added) {
      if (connection_.in_transaction()) static_cast<void>(connection_.run(kRollBack, {}));
      return added;
    }
    if (*given_away == 0) return {};
    return Error(Errc::io,
                 "the log of the registry " + location_.shown +
                     " was deleted while it was in use, and ports that stood only there have other owners now: " +
                     std::to_string(*given_away),
                 "see whose they are with: devinit ports list");
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
  const std::string mark = "PRAGMA application_id=" + std::to_string(kApplicationId) + "; PRAGMA journal_mode=WAL";
  return connection.run_script(mark.c_str());
}

Result<SqliteConnection> open_to_read(const Location& location, SqliteFile kind) {
  using Mode = SqliteConnection::Mode;
  if (kind == SqliteFile::missing || kind == SqliteFile::empty) {
    return SqliteConnection::open(location.target, location.shown, Mode::memory);
  }
  auto connection = SqliteConnection::open(location.target, location.shown, Mode::read_only);
  if (connection || is_corrupt(connection.error()) || os::file_size(location.target + "-wal").value_or(0) > 0) return connection;
  // In a folder that cannot be written there is no place for -wal and -shm.
  return SqliteConnection::open(location.target, location.shown, Mode::frozen);
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const Location& location, Access access) {
  TRY(expect_named_folder(location));
  if (access == Access::read_write) TRY(prepare_sqlite_folder(location));
  TRY_ASSIGN(const SqliteFile kind, inspect_sqlite_file(location));
  if (kind == SqliteFile::damaged) return Error(Errc::damaged, "the registry " + location.shown + " is damaged: it is not a database");
  if (kind == SqliteFile::lost) {
    const bool missing = !os::path_exists(location.target);
    return Error(Errc::damaged, "the registry " + location.shown + (missing ? " is missing" : " is damaged: it is empty, and was not always"));
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
