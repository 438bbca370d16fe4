#pragma once

#include <chrono>
#include <cstdint>
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
  lost,        ///< missing or empty, and was not always: see `has_lost_content`
  damaged,     ///< a registry once, by what lies beside it, and no database now
};
/// Errc::refused for what is not ours: a folder, a FIFO, a device, a link that leads nowhere, a file that is no database and never was one of
/// ours, the database of another program (nothing is locked, renamed or written for these). Errc::io when it exists and cannot be read.
[[nodiscard]] Result<SqliteFile> inspect_sqlite_file(const Location& location);

/// Nothing else knows what a missing or empty file held: there is a backup beside it, or the list of known projects (`PATH.projects`) has
/// lines.
[[nodiscard]] bool has_lost_content(const std::string& path);

/// Marks a new database as ours (https://www.sqlite.org/fileformat.html, 1.3.14): "devi".
inline constexpr std::uint32_t kApplicationId = 0x64657669;

/// The folder of a path that somebody named must exist (Errc::not_found): a mistyped one must not become a new, empty registry.
[[nodiscard]] Result<> expect_named_folder(const Location& location);

/// The folder of the registry (created with 0700 when missing). Errc::refused for one that other machines or programs serve: the shared
/// memory of a -wal and our locks end at this kernel.
[[nodiscard]] Result<> prepare_sqlite_folder(const Location& location);

/// The lock in front of every writer: `PATH.lock`. Errc::timeout names the process that has it, and whether it is stopped.
[[nodiscard]] Result<os::FileLock> lock_sqlite(const Location& location, std::chrono::milliseconds patience = std::chrono::seconds(10));
/// The same with a lock of `lock_sqlite` that was released: some system calls less.
[[nodiscard]] Result<> lock_sqlite_again(const Location& location, os::FileLock& lock,
                                         std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The file, its -wal and -shm as empty files where they are missing, writable for all who may write in the folder.
[[nodiscard]] Result<> create_sqlite_files(const std::string& path);

/// Which files a connection works on: the paths may come to name others, or nothing. All writers have to agree on all three: two that share a
/// -wal and not the -shm, which says where it ends, overwrite each other's commits.
struct SqliteFileIds {
  std::optional<os::FileId> main;
  std::optional<os::FileId> wal;
  std::optional<os::FileId> shm;
  bool operator==(const SqliteFileIds&) const = default;
};
[[nodiscard]] SqliteFileIds sqlite_file_ids(const std::string& path);

}  // namespace devinit::registry
