#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// One thing in a folder tree.
struct TreeEntry {
  enum class Kind { file, folder, link, other };
  std::string path;  ///< relative to the tree's root: "backend/app.py"
  Kind kind = Kind::file;
  mode_t mode = 0;         ///< permissions, 0 to 0777
  std::uint64_t size = 0;  ///< of a file, in bytes
  std::string target;      ///< of a link: its text
  std::string remark;      ///< of another kind, as a clause: "is a FIFO"
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;  ///< of its content; since 1970
};

/// A folder that is read as it is: links are seen, never followed, and nothing outside is ever opened, even when somebody
/// changes the tree meanwhile.
class FolderTree {
 public:
  /// More than this is no tree that anybody meant to copy: Errc::refused.
  static constexpr std::size_t kMostEntries = 100'000;
  static constexpr int kDeepest = 64;

  /// Errc::not_found, Errc::io. `root` itself may be a link.
  [[nodiscard]] static Result<FolderTree> open(const std::string& root);

  /// Everything below the root except what `skip` says (a folder with all that is in it), each folder before its content, names
  /// in the order of their bytes. Folders on other file systems belong to the tree.
  [[nodiscard]] Result<std::vector<TreeEntry>> list(const std::function<bool(const std::string& path)>& skip = {}) const;
  /// A whole regular file of the tree, at most `limit` bytes. Errc::refused when it is none, or longer; never blocks on a FIFO.
  [[nodiscard]] Result<std::string> read(const std::string& path, std::size_t limit) const;
  /// Opens a regular file of the tree for reading.
  [[nodiscard]] Result<UniqueFd> open_file(const std::string& path) const;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] mode_t mode() const noexcept { return mode_; }

 private:
  FolderTree(UniqueFd fd, std::string root, mode_t mode) : fd_(std::move(fd)), root_(std::move(root)), mode_(mode) {}
  UniqueFd fd_;
  std::string root_;
  mode_t mode_;
};

/// What stands at `path`, a link as the link that it is; nothing when nothing does.
[[nodiscard]] std::optional<TreeEntry::Kind> kind_at(const std::string& path) noexcept;

/// Removes `name` in the folder `parent_fd` and everything in it, without following links or entering other file systems. What
/// cannot be removed stays; true when nothing is left.
bool remove_tree(int parent_fd, const std::string& name) noexcept;

}  // namespace devinit::os
