#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/folder_tree.hpp"

namespace devinit::os {

/// A folder that is filled under a hidden name beside its destination and appears there in one rename, or not at all. Its owner
/// holds a lock on it (flock, which the kernel ends with the owner in every pid namespace), so that what a killed owner left is
/// told apart from what is being filled. Paths are relative; folders are added before what is in them. All failures are
/// Errc::io unless said otherwise.
class StagedTree {
 public:
  /// What every hidden name begins with.
  static constexpr std::string_view kPrefix = ".devinit-scaffold-";

  /// Removes what dead owners of this user left in `parent`, then makes a new folder there.
  [[nodiscard]] static Result<StagedTree> create(const std::string& parent);
  StagedTree(StagedTree&& other) noexcept = default;
  StagedTree& operator=(StagedTree&&) = delete;
  /// Removes the folder unless it has appeared.
  ~StagedTree();

  /// The folder can be filled whatever `mode` is: it gets it at the end.
  [[nodiscard]] Result<> add_folder(const std::string& path, mode_t mode);
  [[nodiscard]] Result<> add_file(const std::string& path, std::string_view content, mode_t mode);
  [[nodiscard]] Result<> add_link(const std::string& path, const std::string& target);
  /// Byte for byte, by the kernel where it can.
  [[nodiscard]] Result<> copy_file(const std::string& path, const FolderTree& from, const std::string& source, mode_t mode);
  /// Takes over a file, link or other non-folder of `from` under the same path: the same inode where the kernel allows a second
  /// name, else a copy. Errc::refused on another file system.
  [[nodiscard]] Result<> share(const TreeEntry& entry, const FolderTree& from);

  /// Gives the folder its `mode` and its name. Errc::busy when something of that name exists: it is left alone.
  [[nodiscard]] Result<> appear_as(const std::string& name, mode_t mode);
  /// Changes places with the folder `name` in one step, then removes the old one, of which `known` was listed before anything of it
  /// was shared. What programs have put into it since moves to its place in the new tree (`retire_tree`); where that cannot be, the
  /// old folder stays with what is left, and the answer is its path. Errc::refused on a file system that cannot exchange folders.
  [[nodiscard]] Result<std::optional<std::string>> replace(const std::string& name, mode_t mode,
                                                           const std::vector<TreeEntry>& known);

 private:
  StagedTree(std::string parent, UniqueFd parent_fd, UniqueFd fd, std::string hidden)
      : parent_(std::move(parent)), parent_fd_(std::move(parent_fd)), fd_(std::move(fd)), hidden_(std::move(hidden)) {}
  [[nodiscard]] Result<> set_folder_modes(mode_t mode);
  [[nodiscard]] Error failure(const std::string& path) const;

  std::string parent_;
  UniqueFd parent_fd_;
  UniqueFd fd_;
  std::string hidden_;  ///< empty once it has appeared
  std::vector<std::pair<std::string, mode_t>> folders_;
};

}  // namespace devinit::os
