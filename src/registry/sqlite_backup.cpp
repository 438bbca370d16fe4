#include "registry/sqlite_backup.hpp"

#include <array>
#include <chrono>

#include "os/file_system.hpp"
#include "os/files.hpp"

namespace devinit::registry {
namespace {

constexpr Sql kAnyLease{"SELECT 1 FROM lease LIMIT 1"};
constexpr Sql kCopy{"VACUUM INTO $1"};

/// Of every registry: the size of a large one need not be asked for at each commit.
constexpr std::chrono::minutes kLeastAge{1};

/// What a copy costs grows with the registry; the part of the time that goes into copies does not.
std::chrono::minutes least_age(const std::string& path) {
  return kLeastAge + std::chrono::minutes(os::file_size(path).value_or(0) >> 20);
}

bool is_due(SqliteConnection& connection, const std::string& path) {
  if (const auto age = os::file_age(backup_path(path))) {
    // One from the future was made before somebody set the clock back.
    if (*age < std::chrono::seconds(-1)) return true;
    return *age >= kLeastAge && *age >= least_age(path);
  }
  const auto leases = connection.run(kAnyLease, {});
  return leases && *leases > 0;
}

}  // namespace

std::string backup_path(const std::string& path) { return path + ".backup"; }

std::optional<std::time_t> backup_time(const std::string& path) {
  const auto age = os::file_age(backup_path(path));
  if (!age) return std::nullopt;
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - *age);
}

void keep_backup(SqliteConnection& connection, const std::string& path) {
  if (!is_due(connection, path)) return;
  const std::string draft = backup_path(path) + ".new";  // under the lock there is only one
  os::remove_file(draft);
  // SQLite takes an empty file for a new one, and this one has the right mode.
  const auto made = os::create_file(draft, os::mode_of_new_file(path.substr(0, path.rfind('/') + 1)));
  if (made && connection.run(kCopy, std::array<Value, 1>{std::string_view(draft)})) os::rename_file(draft, backup_path(path));
  os::remove_file(draft);
}

}  // namespace devinit::registry
