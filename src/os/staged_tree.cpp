#include "os/staged_tree.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ranges>

#include "os/files.hpp"
#include "os/open_folder.hpp"
#include "os/random.hpp"
#include "os/retired_tree.hpp"
#include "os/write_all.hpp"

namespace devinit::os {
namespace {

UniqueFd open_folder(int parent, const std::string& name) { return UniqueFd(::openat(parent, name.c_str(), kPlainFolder)); }

bool has_name(int parent, const std::string& name, int fd) {
  struct stat named {};
  struct stat open {};
  return ::fstatat(parent, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &open) == 0 &&
         named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

/// A folder of ours that nobody has locked: its owner has ended. Where folders cannot be locked nothing counts as left behind.
void remove_if_abandoned(int parent, const std::string& name) {
  const UniqueFd fd = open_folder(parent, name);
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || status.st_uid != ::geteuid()) return;
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(parent, name);
}

/// Locks a new folder. False when another process took it for abandoned in the moment before: then it is as good as removed.
bool keep(int parent, const std::string& name, int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  return has_name(parent, name, fd);
}

bool copy_content(int from, int to) {
  constexpr std::size_t kPiece = 1 << 30;
  while (true) {
    const ssize_t size = ::sendfile(to, from, nullptr, kPiece);
    if (size == 0) return true;
    if (size < 0 && errno != EINTR) return false;
  }
}

}  // namespace

Result<StagedTree> StagedTree::create(const std::string& parent) {
  UniqueFd parent_fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent_fd.valid()) return errno_error("cannot open the folder " + parent, errno);
  for (const auto& name : list_directory(parent)) {
    if (name.starts_with(kPrefix)) remove_if_abandoned(parent_fd.get(), name);
  }
  constexpr int kMostTries = 10;
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    std::string name = std::string(kPrefix) + random_hex(6);
    if (::mkdirat(parent_fd.get(), name.c_str(), S_IRWXU) != 0) {
      if (errno == EEXIST) continue;
      return errno_error("cannot create anything in " + parent, errno);
    }
    UniqueFd fd = open_folder(parent_fd.get(), name);
    if (fd.valid() && keep(parent_fd.get(), name, fd.get())) {
      return StagedTree(parent, std::move(parent_fd), std::move(fd), std::move(name));
    }
  }
  return Error(Errc::io, "cannot keep a folder in " + parent + ": somebody removes it at once");
}

StagedTree::~StagedTree() {
  if (parent_fd_.valid() && !hidden_.empty()) remove_tree(parent_fd_.get(), hidden_);
}

Error StagedTree::failure(const std::string& path) const {
  return errno_error("cannot write " + path + " in " + parent_, errno);
}

Result<> StagedTree::add_folder(const std::string& path, mode_t mode) {
  if (::mkdirat(fd_.get(), path.c_str(), S_IRWXU) != 0) return failure(path);
  folders_.emplace_back(path, mode);
  return {};
}

Result<> StagedTree::add_file(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd fd(::openat(fd_.get(), path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const bool done = fd.valid() && write_all(fd.get(), content) && ::fchmod(fd.get(), mode) == 0;
  return done ? Result<>() : failure(path);
}

Result<> StagedTree::add_link(const std::string& path, const std::string& target) {
  return ::symlinkat(target.c_str(), fd_.get(), path.c_str()) == 0 ? Result<>() : failure(path);
}

Result<> StagedTree::copy_file(const std::string& path, const FolderTree& from, const std::string& source, mode_t mode) {
  TRY_ASSIGN(const auto input, from.open_file(source));
  const UniqueFd fd(::openat(fd_.get(), path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const bool done = fd.valid() && copy_content(input.get(), fd.get()) && ::fchmod(fd.get(), mode) == 0;
  return done ? Result<>() : failure(path);
}

Result<> StagedTree::share(const TreeEntry& entry, const FolderTree& from) {
  if (::linkat(from.fd(), entry.path.c_str(), fd_.get(), entry.path.c_str(), 0) == 0) return {};
  const int error = errno;
  if (error == EXDEV) return Error(Errc::refused, entry.path + " is on another file system and cannot be taken along");
  // EPERM: another user's file (protected_hardlinks); EMLINK: it has too many names already.
  if (entry.kind == TreeEntry::Kind::file && (error == EPERM || error == EMLINK))
    return copy_file(entry.path, from, entry.path, entry.mode);
  if (entry.kind == TreeEntry::Kind::link) return add_link(entry.path, entry.target);
  return errno_error("cannot take " + entry.path + " along", error);
}

Result<> StagedTree::set_folder_modes(mode_t mode) {
  for (const auto& [path, wanted] : std::views::reverse(folders_)) {
    if (::fchmodat(fd_.get(), path.c_str(), wanted, 0) != 0) return failure(path);
  }
  return ::fchmod(fd_.get(), mode) == 0 ? Result<>() : failure(hidden_);
}

Result<> StagedTree::appear_as(const std::string& name, mode_t mode) {
  TRY(set_folder_modes(mode));
  int failed = ::renameat2(parent_fd_.get(), hidden_.c_str(), parent_fd_.get(), name.c_str(), RENAME_NOREPLACE);
  // Old network file systems know no flags; a plain rename replaces nothing but an empty folder there.
  if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) {
    failed = ::renameat(parent_fd_.get(), hidden_.c_str(), parent_fd_.get(), name.c_str());
  }
  if (failed != 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)) {
    return Error(Errc::busy, parent_ + "/" + name + " has come into being meanwhile");
  }
  if (failed != 0) return failure(name);
  hidden_.clear();
  return {};
}

Result<std::optional<std::string>> StagedTree::replace(const std::string& name, mode_t mode, const std::vector<TreeEntry>& known) {
  TRY(set_folder_modes(mode));
  const UniqueFd old = open_folder(parent_fd_.get(), name);
  if (!old.valid()) return failure(name);
  // From the exchange on this is the name of the old folder: not one of those that the next owner takes for left behind.
  const std::string retired = ".devinit-replaced-" + hidden_.substr(kPrefix.size());
  const auto rename = [&](const std::string& from, const std::string& to, unsigned flags) {
    return ::renameat2(parent_fd_.get(), from.c_str(), parent_fd_.get(), to.c_str(), flags) == 0;
  };
  if (rename(hidden_, retired, RENAME_NOREPLACE)) hidden_ = retired;
  if (hidden_ != retired || !rename(retired, name, RENAME_EXCHANGE)) {
    if (errno != EINVAL && errno != ENOSYS) return failure(name);
    return Error(Errc::refused, "the file system of " + parent_ + " cannot exchange two folders in one step",
                 "remove " + name + " yourself and scaffold without --overwrite");
  }
  hidden_.clear();
  if (!has_name(parent_fd_.get(), retired, old.get())) return std::optional(parent_ + "/" + retired);
  if (retire_tree(old.get(), fd_.get(), known) && ::unlinkat(parent_fd_.get(), retired.c_str(), AT_REMOVEDIR) == 0)
    return std::optional<std::string>();
  return std::optional(parent_ + "/" + retired);
}

}  // namespace devinit::os
