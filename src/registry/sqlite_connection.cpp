#include "registry/sqlite_connection.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "os/lock_owner.hpp"
#include "registry/lock_holder.hpp"

namespace devinit::registry {
namespace {

/// How long SQLite waits for programs that do not know our lock file, such as its own shell.
constexpr int kBusyTimeoutMs = 5000;

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] std::int64_t integer(int column) const override { return ::sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string_view text(int column) const override {
    const auto* const bytes = static_cast<const char*>(static_cast<const void*>(::sqlite3_column_text(statement_, column)));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column))};
  }
  [[nodiscard]] bool is_null(int column) const override { return ::sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  sqlite3_stmt* statement_;
};

/// "file:/path?immutable=1": the characters that mean something in a URI are escaped.
std::string frozen_uri(const std::string& path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#') {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

Error write_failure(const std::string& registry, const std::string& reason) {
  return Error(Errc::io, registry + " cannot be written" + (reason.empty() ? "" : ": " + reason),
               "check the permissions of the file and of its folder, or name another registry with --registry");
}

Error disk_full(const std::string& registry) {
  return Error(Errc::io, registry + " cannot grow: the disk is full", "free some space; nothing of this change was written");
}

/// By a program that does not know our lock file: the kernel knows who has SQLite's own locks, in WAL mode on the -shm.
Error locked_too_long(const std::string& registry, const char* file) {
  const std::string path = file == nullptr ? "" : file;
  auto holder = os::write_lock_owner(path + "-shm");
  if (!holder) holder = os::write_lock_owner(path);
  return locked_by(registry + " stayed locked", holder, path);
}

std::string system_reason(int error) {
  const char* const text = error == 0 ? nullptr : ::strerrordesc_np(error);
  return text == nullptr ? std::string() : text;
}

/// Before the first connection. SQLite's stock of 20 empty pages, and its books on memory, are for programs that live long: a command that
/// asks one question would touch every page of it.
void keep_no_stock() noexcept {
  [[maybe_unused]] static const bool done = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK &&
                                            ::sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0) == SQLITE_OK;
}

}  // namespace

void CloseSqlite::operator()(sqlite3* connection) const noexcept { ::sqlite3_close_v2(connection); }
void FinalizeSqlite::operator()(sqlite3_stmt* statement) const noexcept { ::sqlite3_finalize(statement); }

Result<SqliteConnection> SqliteConnection::open(const std::string& path, const std::string& shown, Mode mode) {
  const int access = mode == Mode::read_write || mode == Mode::memory ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const std::string name = mode == Mode::frozen ? frozen_uri(path) : mode == Mode::memory ? ":memory:" : path;
  keep_no_stock();
  sqlite3* opened = nullptr;
  const int flags = access | SQLITE_OPEN_NOMUTEX | (mode == Mode::frozen ? SQLITE_OPEN_URI : 0);
  const int code = ::sqlite3_open_v2(name.c_str(), &opened, flags, nullptr);
  SqliteConnection connection(std::unique_ptr<sqlite3, CloseSqlite>(opened), "the registry " + shown);
  if (code != SQLITE_OK) return connection.last_error();
  ::sqlite3_extended_result_codes(opened, 1);
  ::sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  ::sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  if (mode == Mode::read_write && ::sqlite3_db_readonly(opened, "main") == 1) {
    return write_failure(connection.shown_, system_reason(EACCES));
  }
  int persist = 1;
  ::sqlite3_file_control(opened, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  // Reads the first page and opens the -wal, too, so that a file which is no database is found here.
  TRY(connection.run_script("PRAGMA synchronous=FULL; SELECT count(*) FROM sqlite_schema WHERE false"));
  return connection;
}

SqliteConnection& SqliteConnection::operator=(SqliteConnection&& other) noexcept {
  if (this == &other) return *this;
  close();
  handle_ = std::move(other.handle_);
  shown_ = std::move(other.shown_);
  statements_ = std::move(other.statements_);
  return *this;
}

SqliteConnection::~SqliteConnection() { close(); }

void SqliteConnection::close() noexcept {
  if (!handle_) return;
  // The next process reads an empty -wal instead of one that is checked frame by frame.
  ::sqlite3_exec(handle_.get(), "PRAGMA journal_size_limit=0", nullptr, nullptr, nullptr);
  end();
}

void SqliteConnection::close_without_log() noexcept {
  if (!handle_) return;
  ::sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  end();
}

void SqliteConnection::end() noexcept {
  statements_.clear();
  handle_.reset();
}

bool SqliteConnection::in_transaction() const noexcept { return handle_ && ::sqlite3_get_autocommit(handle_.get()) == 0; }

Result<SqliteConnection::Statement*> SqliteConnection::prepared(Sql sql, std::size_t parameter_count) {
  if (!handle_) return Error(Errc::io, shown_ + " could not be opened again", "run the command again");
  const auto found = statements_.find(sql.text);
  if (found != statements_.end()) return &found->second;
  sqlite3_stmt* handle = nullptr;
  if (::sqlite3_prepare_v3(handle_.get(), sql.text, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK) return last_error();
  Statement statement{.handle = std::unique_ptr<sqlite3_stmt, FinalizeSqlite>(handle),
                      .positions = {},
                      .answers = ::sqlite3_column_count(handle) > 0};
  for (std::size_t number = 1; number <= parameter_count; ++number) {
    statement.positions.push_back(::sqlite3_bind_parameter_index(handle, ("$" + std::to_string(number)).c_str()));
  }
  return &statements_.emplace(sql.text, std::move(statement)).first->second;
}

Result<> SqliteConnection::bind(const Statement& statement, std::span<const Value> parameters) {
  ASSERT(parameters.size() == statement.positions.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const int position = statement.positions[i];
    int code = SQLITE_OK;
    if (position == 0) continue;
    if (const auto* number = std::get_if<std::int64_t>(&parameters[i])) {
      code = ::sqlite3_bind_int64(statement.handle.get(), position, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&parameters[i])) {
      // An empty view may point nowhere, which SQLite would read as NULL. A null destructor: the text outlives the statement's run.
      code = ::sqlite3_bind_text64(statement.handle.get(), position, text->empty() ? "" : text->data(), text->size(), nullptr, SQLITE_UTF8);
    } else {
      code = ::sqlite3_bind_null(statement.handle.get(), position);
    }
    if (code != SQLITE_OK) return last_error();
  }
  return {};
}

Result<std::int64_t> SqliteConnection::run(Sql sql, std::span<const Value> parameters, const RowSink& sink) {
  TRY_ASSIGN(Statement* const statement, prepared(sql, parameters.size()));
  sqlite3_stmt* const handle = statement->handle.get();
  ASSERT(::sqlite3_stmt_busy(handle) == 0);  // a sink that runs the statement it is fed by
  TRY(bind(*statement, parameters));
  const SqliteRow row(handle);
  std::int64_t rows = 0;
  int code = ::sqlite3_step(handle);
  for (; code == SQLITE_ROW; code = ::sqlite3_step(handle)) {
    ++rows;
    if (sink) sink(row);
  }
  std::optional<Error> failure;
  if (code != SQLITE_DONE) failure = last_error();
  const std::int64_t changed = statement->answers ? rows : ::sqlite3_changes64(handle_.get());
  ::sqlite3_reset(handle);
  if (failure) return std::move(*failure);
  return changed;
}

Result<> SqliteConnection::run_script(const char* script) {
  if (!handle_) return Error(Errc::io, shown_ + " could not be opened again", "run the command again");
  if (::sqlite3_exec(handle_.get(), script, nullptr, nullptr, nullptr) != SQLITE_OK) return last_error();
  return {};
}

Error SqliteConnection::last_error() const {
  const int code = ::sqlite3_extended_errcode(handle_.get()) & 0xff;
  const int system = ::sqlite3_system_errno(handle_.get());
  const std::string words = ::sqlite3_errmsg(handle_.get());
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(Errc::damaged, shown_ + " is damaged: " + words);
    case SQLITE_FULL:
      return disk_full(shown_);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return write_failure(shown_, system_reason(system));
    case SQLITE_CANTOPEN:
      return Error(Errc::io, shown_ + " cannot be opened" + (system == 0 ? std::string() : ": " + system_reason(system)),
                   "check the permissions of the file and of its folder, or name another registry with --registry");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return locked_too_long(shown_, ::sqlite3_db_filename(handle_.get(), "main"));
    case SQLITE_IOERR:
      if (system == ENOSPC || system == EDQUOT) return disk_full(shown_);
      if (system == EROFS || system == EACCES) return write_failure(shown_, system_reason(system));
      return Error(Errc::io, shown_ + " cannot be read or written: " + (system == 0 ? words : system_reason(system)));
    default:
      break;
  }
  if (words.starts_with("no such table")) return Error(Errc::not_found, shown_ + ": " + words);
  return Error(Errc::io, shown_ + ": " + words);
}

}  // namespace devinit::registry
