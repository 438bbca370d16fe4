#include "registry/sqlite_files.hpp"

#include <array>

#include "base/duration.hpp"
#include "os/file_system.hpp"
#include "os/proc_file.hpp"
#include "os/process.hpp"

namespace devinit::registry {
namespace {

constexpr const char kElsewhere[] = "put it on a local disk with --registry PATH or DEVINIT_REGISTRY, or use PostgreSQL";

std::string folder_of(const std::string& path) { return path.rfind('/') == 0 ? "/" : path.substr(0, path.rfind('/')); }

std::string lock_path(const Location& location) { return location.target + ".lock"; }

std::string joined(const std::vector<std::string>& words) {
  constexpr std::size_t kLongest = 120;
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  if (text.size() > kLongest) text.replace(kLongest, text.size(), "…");
  return text;
}

/// The lock's holder as a person knows it, and what to do about it.
Error locked_too_long(const Location& location, std::chrono::milliseconds patience) {
  const auto pid = os::FileLock::named_holder(lock_path(location));
  const auto info = pid ? os::process_info(*pid) : std::nullopt;
  const std::string registry = "the registry " + location.shown + " stayed locked for " + format_duration(patience) + " by ";
  if (!info) return Error(Errc::timeout, registry + "another process", "find it with: fuser -v '" + lock_path(location) + "'");
  const bool stopped = info->stat.state == 'T' || info->stat.state == 't';
  const std::string number = std::to_string(*pid);
  const std::string name = info->command.empty() ? info->stat.name : joined(info->command);
  return Error(Errc::timeout, registry + "process " + number + " (" + name + ")" + (stopped ? ", which is stopped" : ""),
               stopped ? "let it go on with: kill -CONT " + number : "if it hangs, end it with: kill " + number);
}

Error lock_failure(const Error& error, const Location& location, std::chrono::milliseconds patience) {
  if (error.code == Errc::timeout) return locked_too_long(location, patience);
  return Error(error.code, error.message, "whoever writes the registry must be able to write its lock file");
}

}  // namespace

Result<SqliteFile> inspect_sqlite_file(const std::string& path) {
  // https://www.sqlite.org/fileformat.html, 1.3: the magic, then at 18 and 19 the versions for writers and readers, 2 for WAL.
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, 100> buffer;
  const auto start = os::read_start(path.c_str(), buffer);
  if (!start && !os::path_exists(path)) return SqliteFile::missing;
  if (!start) {
    return Error(Errc::io, "the registry " + path + " cannot be read", "check its permissions, or name another registry with --registry");
  }
  if (start->empty()) return SqliteFile::empty;
  if (start->size() < buffer.size() || !start->starts_with(kMagic)) return SqliteFile::foreign;
  return (*start)[18] == 2 && (*start)[19] == 2 ? SqliteFile::in_wal : SqliteFile::not_in_wal;
}

bool has_lost_content(const std::string& path) { return os::file_size(path + ".projects").value_or(0) > 0; }

Result<> prepare_sqlite_folder(const Location& location) {
  const std::string folder = folder_of(location.target);
  if (auto made = os::make_directories(folder, 0700); !made) {
    return Error(made.error().code, made.error().message, "name another registry with --registry PATH or DEVINIT_REGISTRY");
  }
  if (const auto kind = os::served_file_system(folder)) {
    return Error(Errc::refused, "the registry " + location.shown + " lies on a network or user-space file system (" + *kind + "), where its locks are not safe",
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

SqliteFileIds sqlite_file_ids(const std::string& path) { return {.main = os::file_id(path), .wal = os::file_id(path + "-wal")}; }

bool has_same_wal(const std::string& path, const SqliteFileIds& ids) { return os::file_id(path + "-wal") == ids.wal; }

}  // namespace devinit::registry
