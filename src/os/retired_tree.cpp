#include "os/retired_tree.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string_view>
#include <unordered_map>

#include "os/open_folder.hpp"

namespace devinit::os {
namespace {

/// What can be read of the folder.
std::vector<std::string> readable_names(int folder) { return names_in(folder).value_or(std::vector<std::string>()); }

std::optional<struct stat> stat_of(int folder, const std::string& name) {
  struct stat status {};
  return ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? std::optional(status) : std::nullopt;
}

class Retirement {
 public:
  Retirement(const std::vector<TreeEntry>& known, dev_t device) : device_(device) {
    for (const auto& entry : known) known_.emplace(entry.path, &entry);
  }

  /// `fresh` is -1 where the new tree has no such folder.
  void empty(int old, int fresh, const std::string& prefix) const {
    for (const auto& name : readable_names(old)) {
      const auto status = stat_of(old, name);
      if (!status || status->st_dev != device_) continue;
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      if (S_ISDIR(status->st_mode)) {
        retire_folder(old, fresh, name, path, *status);
      } else {
        retire_file(old, fresh, name, path, *status);
      }
    }
  }

 private:
  [[nodiscard]] bool is_unchanged(const std::string& path, const struct stat& status) const {
    const auto found = known_.find(path);
    if (found == known_.end()) return false;
    const TreeEntry& entry = *found->second;
    return entry.inode == status.st_ino && entry.size == static_cast<std::uint64_t>(status.st_size) &&
           entry.modified_ns == modified_ns(status);
  }

  /// A failure leaves everything as it is: `old` is not empty then.
  void retire_file(int old, int fresh, const std::string& name, const std::string& path, const struct stat& status) const {
    const auto taken = fresh < 0 ? std::nullopt : stat_of(fresh, name);
    const bool is_shared = taken && taken->st_ino == status.st_ino && taken->st_dev == status.st_dev;
    if (is_shared || is_unchanged(path, status)) {
      ::unlinkat(old, name.c_str(), 0);
    } else if (fresh >= 0 && (!taken || is_unchanged(path, *taken))) {
      ::renameat2(old, name.c_str(), fresh, name.c_str(), taken ? 0 : RENAME_NOREPLACE);
    }
  }

  void retire_folder(int old, int fresh, const std::string& name, const std::string& path, const struct stat& status) const {
    const bool is_new = !known_.contains(path);
    if (is_new && fresh >= 0 && ::renameat2(old, name.c_str(), fresh, name.c_str(), RENAME_NOREPLACE) == 0) return;
    // A copied folder may have come without permissions for its owner.
    if ((status.st_mode & S_IRWXU) != S_IRWXU) ::fchmodat(old, name.c_str(), (status.st_mode & 07777) | S_IRWXU, 0);
    const UniqueFd inner(::openat(old, name.c_str(), kPlainFolder));
    if (!inner.valid()) return;
    const UniqueFd fresh_inner(fresh < 0 ? -1 : ::openat(fresh, name.c_str(), kPlainFolder));
    empty(inner.get(), fresh_inner.get(), path);
    ::unlinkat(old, name.c_str(), AT_REMOVEDIR);
  }

  dev_t device_;
  std::unordered_map<std::string_view, const TreeEntry*> known_;
};

}  // namespace

bool retire_tree(int old, int fresh, const std::vector<TreeEntry>& known) noexcept {
  struct stat status {};
  if (::fstat(old, &status) != 0) return false;
  if ((status.st_mode & S_IRWXU) != S_IRWXU) ::fchmod(old, (status.st_mode & 07777) | S_IRWXU);
  const Retirement retirement(known, status.st_dev);
  // What still comes while the tree is emptied is seen in the next round.
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; ++round) {
    retirement.empty(old, fresh, "");
    if (readable_names(old).empty()) return true;
  }
  return false;
}

}  // namespace devinit::os
