#include "registry/sqlite_files.hpp"

#include <array>

#include "base/duration.hpp"
#include "os/file_system.hpp"
#include "os/proc_file.hpp"
#include "registry/lock_holder.hpp"
#include "registry/sqlite_backup.hpp"
#include "registry/sqlite_connection.hpp"

namespace devinit::registry {
namespace {

constexpr const char kElsewhere[] = "put it on a local disk with --registry PATH or DEVINIT_REGISTRY, or use PostgreSQL";

std::string folder_of(const std::string& path) { return path.rfind('/') == 0 ? "/" : path.substr(0, path.rfind('/')); }

std::string lock_path(const Location& location) { return location.target + ".lock"; }

Error locked_too_long(const Location& location, std::chrono::milliseconds patience) {
  return locked_by("the registry " + location.shown + " stayed locked for " + format_duration(patience),
                   os::FileLock::holder(lock_path(location)), lock_path(location));
}

Error not_ours(const Location& location, const std::string& what) {
  return Error(Errc::refused, "the registry " + location.shown + " cannot be opened: " + what, "name another one with --registry or DEVINIT_REGISTRY");
}

/// What only devinit puts beside a registry, or puts there itself.
bool was_ours(const Location& location) {
  return location.is_default || has_lost_content(location.target) || os::path_exists(lock_path(location));
}

/// What is not there is a new registry; what is there and is no file is not ours, and opening it could wait for ever.
Result<SqliteFile> inspect_no_file(const Location& location, os::FileKind kind) {
  switch (kind) {
    case os::FileKind::missing:
      return has_lost_content(location.target) ? SqliteFile::lost : SqliteFile::missing;
    case os::FileKind::dangling_link:
      return not_ours(location, "it is a symbolic link to " + os::read_link(location.target.c_str()) + ", which does not exist");
    case os::FileKind::folder:
      return not_ours(location, "it is a folder");
    case os::FileKind::fifo:
      return not_ours(location, "it is a FIFO");
    case os::FileKind::socket:
      return not_ours(location, "it is a socket");
    case os::FileKind::device:
      return not_ours(location, "it is a device");
    case os::FileKind::unreadable:
      return Error(Errc::io, "the registry " + location.shown + " cannot be reached", "check the permissions of its folders");
    case os::FileKind::regular:
      break;
  }
  ASSERT(false);
  return SqliteFile::missing;
}

/// At 68 of the header, big-endian.
std::uint32_t application_id(std::string_view header) {
  std::uint32_t id = 0;
  for (const char c : header.substr(68, 4)) id = id << 8 | static_cast<unsigned char>(c);
  return id;
}

/// A database without our id is ours when it has our tables, or none at all. One that cannot be read is damaged, which shows later.
bool is_database_of_others(const Location& location) {
  constexpr Sql kTables{"SELECT count(*), coalesce(sum(name IN ('meta', 'lease')), 0) FROM sqlite_schema WHERE type = 'table'"};
  // Frozen makes no files beside it, and does not see what is only in a -wal.
  const bool has_log = os::file_size(location.target + "-wal").value_or(0) > 0;
  auto connection = SqliteConnection::open(location.target, location.shown,
                                           has_log ? SqliteConnection::Mode::read_only : SqliteConnection::Mode::frozen);
  if (!connection) return false;
  bool other = false;
  const auto read = connection->run(kTables, {}, [&other](const Row& row) { other = row.integer(0) > 0 && row.integer(1) < 2; });
  connection->close_without_log();
  return read && other;
}

Error lock_failure(const Error& error, const Location& location, std::chrono::milliseconds patience) {
  if (error.code == Errc::timeout) return locked_too_long(location, patience);
  return Error(error.code, error.message, "whoever writes the registry must be able to write its lock file");
}

}  // namespace

Result<SqliteFile> inspect_sqlite_file(const Location& location) {
  const std::string& path = location.target;
  if (const auto kind = os::file_kind(path); kind != os::FileKind::regular) return inspect_no_file(location, kind);
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, 100> buffer;
  const auto start = os::read_start(path.c_str(), buffer);
  if (!start) {
    return Error(Errc::io, "the registry " + path + " cannot be read", "check its permissions, or name another registry with --registry");
  }
  if (start->empty()) return has_lost_content(path) ? SqliteFile::lost : SqliteFile::empty;
  if (start->size() < buffer.size() || !start->starts_with(kMagic)) {
    if (was_ours(location) || kMagic.starts_with(start->substr(0, kMagic.size()))) return SqliteFile::damaged;
    return not_ours(location, "it is a file that is no database");
  }
  if (application_id(*start) != kApplicationId && is_database_of_others(location)) return not_ours(location, "it is the database of another program");
  // https://www.sqlite.org/fileformat.html, 1.3: at 18 and 19 the versions for writers and readers, 2 for WAL.
  return (*start)[18] == 2 && (*start)[19] == 2 ? SqliteFile::in_wal : SqliteFile::not_in_wal;
}

bool has_lost_content(const std::string& path) {
  return os::file_size(path + ".projects").value_or(0) > 0 || os::file_size(backup_path(path)).value_or(0) > 0;
}

Result<> expect_named_folder(const Location& location) {
  const std::string folder = folder_of(location.target);
  if (location.is_default || os::is_directory(folder)) return {};
  return Error(Errc::not_found, "the registry " + location.shown + " cannot be opened: there is no folder " + folder,
               "correct the path, or make the folder: mkdir -p '" + folder + "'");
}

Result<> prepare_sqlite_folder(const Location& location) {
  const std::string folder = folder_of(location.target);
  if (auto made = os::make_directories(folder, 0700); !made) {
    return Error(made.error().code, made.error().message, "name another registry with --registry PATH or DEVINIT_REGISTRY");
  }
  if (const auto kind = os::served_file_system(folder)) {
    return Error(Errc::refused, "the registry " + location.shown + " lies on a network or user-space file system (" + *kind +
                                    "), where its locks are not safe",
                 kElsewhere);
  }
  return {};
}

Result<os::FileLock> lock_sqlite(const Location& location, std::chrono::milliseconds patience) {
  const std::string path = lock_path(location);
  const mode_t mode = os::mode_of_new_file(folder_of(path));
  if (!os::path_exists(path)) TRY(os::create_file(path, mode));
  auto lock = os::FileLock::acquire(path, patience, mode);
  if (!lock) return lock_failure(lock.error(), location, patience);
  TRY(lock->name_holder());
  return lock;
}

Result<> lock_sqlite_again(const Location& location, os::FileLock& lock, std::chrono::milliseconds patience) {
  if (auto taken = lock.take_again(lock_path(location), patience); !taken) return lock_failure(taken.error(), location, patience);
  return lock.name_holder();
}

Result<> create_sqlite_files(const std::string& path) {
  const mode_t mode = os::mode_of_new_file(folder_of(path));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (auto made = os::create_file(path + suffix, mode); !made) {
      return Error(made.error().code, made.error().message, "name another registry with --registry PATH or DEVINIT_REGISTRY");
    }
  }
  return {};
}

SqliteFileIds sqlite_file_ids(const std::string& path) {
  return {.main = os::file_id(path), .wal = os::file_id(path + "-wal"), .shm = os::file_id(path + "-shm")};
}

}  // namespace devinit::registry
