#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "registry/location.hpp"

namespace devinit::registry {

/// What the first bytes of a file say about it.
enum class SqliteFile {
  missing,
  empty,       ///< zero bytes: new, or cut off
  in_wal,      ///< a database as we want it
  not_in_wal,  ///< a database that has to be switched
  foreign,     ///< no database
};
/// Errc::io when it exists and cannot be read.
[[nodiscard]] Result<SqliteFile> inspect_sqlite_file(const std::string& path);

/// An empty file that once had content: the list of known projects beside it (`PATH.projects`) has lines.
[[nodiscard]] bool has_lost_content(const std::string& path);

/// The folder of the registry (created with 0700 when missing). Errc::refused for one that other machines or programs serve: the shared memory
/// of a -wal and our locks end at this kernel.
[[nodiscard]] Result<> prepare_sqlite_folder(const Location& location);

/// The lock in front of every writer: `PATH.lock`. Errc::timeout names the process that has it, and whether it is stopped.
[[nodiscard]] Result<os::FileLock> lock_sqlite(const Location& location, std::chrono::milliseconds patience = std::chrono::seconds(10));
/// The same with a lock of `lock_sqlite` that was released: some system calls less.
[[nodiscard]] Result<> lock_sqlite_again(const Location& location, os::FileLock& lock,
                                         std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The file, its -wal and -shm as empty files where they are missing, writable for all who may write in the folder.
[[nodiscard]] Result<> create_sqlite_files(const std::string& path);

/// Which files a connection works on: the paths may come to name others, or nothing.
struct SqliteFileIds {
  std::optional<os::FileId> main;
  std::optional<os::FileId> wal;
  bool operator==(const SqliteFileIds&) const = default;
};
[[nodiscard]] SqliteFileIds sqlite_file_ids(const std::string& path);
/// Whether its -wal is still the one of that name.
[[nodiscard]] bool has_same_wal(const std::string& path, const SqliteFileIds& ids);

}  // namespace devinit::registry
