#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "registry/location.hpp"

namespace devinit::registry {

/// A parameter: NULL, a number or a text.
using Value = std::variant<std::monostate, std::int64_t, std::string_view>;

/// One row of an answer, valid until the sink returns. Columns count from 0; NULL reads as 0 and as the empty text.
class Row {
 public:
  virtual ~Row() = default;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual std::string_view text(int column) const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
};
using RowSink = std::function<void(const Row& row)>;

/// A statement with `$1`, `$2` …: the same text for SQLite and PostgreSQL. The text is a literal: its address is the key under which it is
/// kept prepared. SQLite numbers `$n` by first appearance, so parameters are bound by name.
struct Sql {
  const char* text;
};

/// One connection to SQLite or PostgreSQL, for one thread. Errors: Errc::io (disk full, read-only, connection lost, SQL), Errc::timeout
/// (the lock, or the server), Errc::damaged (see `is_corrupt`), Errc::not_found (no such table). Messages name the location as it is
/// shown, never a password. A connection to a server that was lost between two questions or transactions is made again, once; never inside
/// a transaction.
class Database {
 public:
  virtual ~Database() = default;

  /// Runs one statement; `sink` (may be empty) sees each row, and may run other statements. The number of rows it changed or returned.
  [[nodiscard]] virtual Result<std::int64_t> run(Sql sql, std::span<const Value> parameters, const RowSink& sink = {}) = 0;
  /// Several statements without parameters, for schemas.
  [[nodiscard]] virtual Result<> run_script(const char* script) = 0;

  /// Begins a transaction that excludes every other writer: SQLite: the lock file in front (64 writers: 387 → 2,510 allocations/s;
  /// SQLite's own wait polls and starves), then BEGIN IMMEDIATE; PostgreSQL: BEGIN and an advisory lock. Waits 10 s at most; the error then
  /// names the holder.
  [[nodiscard]] virtual Result<> begin() = 0;
  [[nodiscard]] virtual Result<> commit() = 0;
  /// Ends a transaction without effect; harmless outside one.
  virtual void roll_back() noexcept = 0;

  /// Whether another connection has written since this was last asked (the first answer is true). Inside a transaction the answer holds
  /// until its end.
  [[nodiscard]] virtual Result<bool> changed_elsewhere() = 0;

  [[nodiscard]] virtual const Location& location() const noexcept = 0;
};

/// What stands in the way of opening a database.
enum class Access { read_write, read_only };

/// Opens SQLite (WAL, synchronous FULL, foreign keys on; the folder and the file are created with 0700 and 0600 where missing; a file
/// system without working locks is Errc::refused) or connects to PostgreSQL (libpq by dlopen; 3 s at most to connect and for what is slow after that,
/// but for the lock of writers; Errc::refused when its encoding is not UTF8).
/// Neither reads nor makes the schema. In a folder that its group can write, new files are for the group, too (0660). Errc::damaged, and
/// `corrupt` set, when the file is no database, or is empty although projects are known beside it. With Access::read_only nothing is
/// created: what does not exist is an empty database.
struct OpenFailure {
  Error error;
  bool corrupt = false;
};
using Opened = boost::system::result<std::unique_ptr<Database>, OpenFailure>;
[[nodiscard]] Opened open_database(const Location& location, Access access);

/// Whether an error of `Database` says that the file is damaged: it can be kept aside and rebuilt, but not read.
[[nodiscard]] bool is_corrupt(const Error& error) noexcept;

/// begin() … commit(): rolled back unless committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  [[nodiscard]] Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace devinit::registry
