#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "registry/database.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace devinit::registry {

struct CloseSqlite {
  void operator()(sqlite3* connection) const noexcept;
};
struct FinalizeSqlite {
  void operator()(sqlite3_stmt* statement) const noexcept;
};

/// One open SQLite file and its prepared statements. Says what went wrong in the user's words: Errc::damaged (the file holds nonsense),
/// Errc::timeout (another program keeps writing), Errc::not_found (no such table), else Errc::io.
class SqliteConnection {
 public:
  enum class Mode {
    read_write,
    read_only,  ///< of a file that others may be writing
    frozen,     ///< of a file that nobody can change, without its -wal: where nothing can be created beside it
    memory,     ///< an empty database of its own; `path` is only its name
  };
  /// Opens an existing file; `shown` is what messages call it.
  [[nodiscard]] static Result<SqliteConnection> open(const std::string& path, const std::string& shown, Mode mode);
  SqliteConnection(SqliteConnection&& other) noexcept = default;
  SqliteConnection& operator=(SqliteConnection&& other) noexcept;
  /// Moves what is in the -wal into the file when nobody else has it open, and leaves -wal empty in its place.
  ~SqliteConnection();
  /// The same, at once; nothing but another one can be assigned afterwards.
  void close() noexcept;
  /// The same without moving anything: what is in its -wal stays there.
  void close_without_log() noexcept;

  /// As Database::run.
  [[nodiscard]] Result<std::int64_t> run(Sql sql, std::span<const Value> parameters, const RowSink& sink = {});
  [[nodiscard]] Result<> run_script(const char* script);
  [[nodiscard]] bool in_transaction() const noexcept;

 private:
  struct Statement {
    std::unique_ptr<sqlite3_stmt, FinalizeSqlite> handle;
    std::vector<int> positions;  ///< of $1, $2 … among SQLite's own numbers; 0: the text does not use it
    bool answers = false;        ///< it returns rows
  };

  SqliteConnection(std::unique_ptr<sqlite3, CloseSqlite> handle, std::string shown)
      : handle_(std::move(handle)), shown_(std::move(shown)) {}
  void end() noexcept;
  [[nodiscard]] Result<Statement*> prepared(Sql sql, std::size_t parameter_count);
  [[nodiscard]] Result<> bind(const Statement& statement, std::span<const Value> parameters);
  [[nodiscard]] Error last_error() const;

  std::unique_ptr<sqlite3, CloseSqlite> handle_;
  std::string shown_;
  std::unordered_map<const char*, Statement> statements_;
};

}  // namespace devinit::registry
