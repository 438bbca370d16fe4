#include "os/folder_tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "os/open_folder.hpp"

namespace devinit::os {
namespace {

constexpr mode_t kPermissions = 0777;

std::string remark_on(mode_t mode) {
  if (S_ISFIFO(mode)) return "is a FIFO";
  if (S_ISSOCK(mode)) return "is a socket";
  if (S_ISCHR(mode)) return "is a character device";
  if (S_ISBLK(mode)) return "is a block device";
  return "is not a regular file";
}

TreeEntry::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return TreeEntry::Kind::file;
  if (S_ISDIR(mode)) return TreeEntry::Kind::folder;
  return S_ISLNK(mode) ? TreeEntry::Kind::link : TreeEntry::Kind::other;
}

/// Walks one tree; a descriptor is held for each folder on the way down.
class Walk {
 public:
  Walk(const std::string& root, const std::function<bool(const std::string&)>& skip) : root_(root), skip_(skip) {}

  Result<> enter(int folder, const std::string& prefix, int depth) {
    const auto names = names_in(folder);
    if (!names) return errno_error("cannot read the folder " + shown(prefix), errno);
    for (const auto& name : *names) {
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      if (!skip_ || !skip_(path)) TRY(add(folder, name, path, depth));
    }
    return {};
  }

  std::vector<TreeEntry> entries;

 private:
  [[nodiscard]] std::string shown(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }

  Result<> add(int folder, const std::string& name, const std::string& path, int depth) {
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return errno_error("cannot read " + shown(path), errno);
    if (entries.size() == FolderTree::kMostEntries) {
      return Error(Errc::refused, root_ + " holds more than " + std::to_string(FolderTree::kMostEntries) + " files and folders",
                   "name the folder that is meant");
    }
    TreeEntry entry{
        path, kind_of(status.st_mode), status.st_mode & kPermissions, static_cast<std::uint64_t>(status.st_size), {}, {},
        status.st_ino, modified_ns(status)};
    if (entry.kind == TreeEntry::Kind::other) entry.remark = remark_on(status.st_mode);
    if (entry.kind == TreeEntry::Kind::link) {
      TRY_ASSIGN(entry.target, target_of(folder, name, path));
    }
    const bool is_folder = entry.kind == TreeEntry::Kind::folder;
    entries.push_back(std::move(entry));
    return is_folder ? descend(folder, name, path, depth) : Result<>();
  }

  Result<> descend(int folder, const std::string& name, const std::string& path, int depth) {
    if (depth == FolderTree::kDeepest) {
      return Error(Errc::refused,
                   shown(path) + " is nested more than " + std::to_string(FolderTree::kDeepest) + " folders deep");
    }
    const UniqueFd inner(::openat(folder, name.c_str(), kPlainFolder));
    if (!inner.valid()) return errno_error("cannot read the folder " + shown(path), errno);
    return enter(inner.get(), path, depth + 1);
  }

  [[nodiscard]] Result<std::string> target_of(int folder, const std::string& name, const std::string& path) const {
    std::string target(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
    if (size < 0) return errno_error("cannot read the link " + shown(path), errno);
    target.resize(static_cast<std::size_t>(size));
    return target;
  }

  const std::string& root_;
  const std::function<bool(const std::string&)>& skip_;
};

/// openat(2) that resolves no link on the whole way; kernels and sandboxes without openat2 check the last part only.
UniqueFd open_beneath(int root, const std::string& path) {
  struct open_how how {};
  how.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return UniqueFd(static_cast<int>(fd));
  return UniqueFd(::openat(root, path.c_str(), static_cast<int>(how.flags)));
}

bool remove_content(int folder, dev_t device) noexcept;

bool remove_entry(int parent, const std::string& name, dev_t device) noexcept {
  struct stat status {};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  if (!S_ISDIR(status.st_mode)) return ::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT;
  if (status.st_dev != device) return false;
  UniqueFd folder(::openat(parent, name.c_str(), kPlainFolder));
  // A copied folder may have come without permissions for its owner.
  if (!folder.valid() && errno == EACCES && ::fchmodat(parent, name.c_str(), S_IRWXU, 0) == 0) {
    folder.reset(::openat(parent, name.c_str(), kPlainFolder));
  }
  if (!folder.valid()) return errno == ENOENT;
  if ((status.st_mode & S_IRWXU) != S_IRWXU) ::fchmod(folder.get(), status.st_mode | S_IRWXU);
  const bool empty = remove_content(folder.get(), device);
  return (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) && empty;
}

bool remove_content(int folder, dev_t device) noexcept {
  const auto names = names_in(folder);
  if (!names) return false;
  bool all = true;
  for (const auto& name : *names) all = remove_entry(folder, name, device) && all;
  return all;
}

}  // namespace

Result<FolderTree> FolderTree::open(const std::string& root) {
  UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int error = errno;
  if (!fd.valid() && (error == ENOENT || error == ENOTDIR)) {
    return Error(Errc::not_found, root + (error == ENOENT ? " does not exist" : " is not a folder"));
  }
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0)
    return errno_error("cannot read the folder " + root, fd.valid() ? errno : error);
  return FolderTree(std::move(fd), root, status.st_mode & kPermissions);
}

Result<std::vector<TreeEntry>> FolderTree::list(const std::function<bool(const std::string& path)>& skip) const {
  Walk walk(root_, skip);
  TRY(walk.enter(fd_.get(), "", 0));
  return std::move(walk.entries);
}

Result<UniqueFd> FolderTree::open_file(const std::string& path) const {
  UniqueFd fd = open_beneath(fd_.get(), path);
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return errno_error("cannot read " + root_ + "/" + path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Errc::refused, root_ + "/" + path + " " + remark_on(status.st_mode));
  return fd;
}

Result<std::string> FolderTree::read(const std::string& path, std::size_t limit) const {
  TRY_ASSIGN(const auto fd, open_file(path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("cannot read " + root_ + "/" + path, errno);
  std::string content(std::min(static_cast<std::size_t>(status.st_size), limit) + 1, '\0');
  std::size_t used = 0;
  while (true) {
    if (used == content.size()) content.resize(std::min(used * 2, limit + 1));
    const ssize_t size = ::read(fd.get(), content.data() + used, content.size() - used);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno_error("cannot read " + root_ + "/" + path, errno);
    if (size == 0) break;
    used += static_cast<std::size_t>(size);
    if (used > limit) return Error(Errc::refused, root_ + "/" + path + " is longer than " + std::to_string(limit) + " bytes");
  }
  content.resize(used);
  return content;
}

std::optional<TreeEntry::Kind> kind_at(const std::string& path) noexcept {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? std::optional(kind_of(status.st_mode)) : std::nullopt;
}

bool remove_tree(int parent_fd, const std::string& name) noexcept {
  struct stat status {};
  if (::fstatat(parent_fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  return remove_entry(parent_fd, name, status.st_dev);
}

}  // namespace devinit::os
