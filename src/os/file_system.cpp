#include "os/file_system.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "os/fd.hpp"
#include "os/files.hpp"

namespace devinit::os {
namespace {

// statfs(2), f_type. Numbers because linux/magic.h lacks some of them on older systems.
constexpr std::array<std::pair<std::uint32_t, const char*>, 11> kServed{{{0x6969, "NFS"},
                                                                        {0x517b, "SMB"},
                                                                        {0xff534d42, "CIFS"},
                                                                        {0xfe534d42, "SMB"},
                                                                        {0x01021997, "9p"},
                                                                        {0x65735546, "FUSE"},
                                                                        {0x00c36400, "Ceph"},
                                                                        {0x5346414f, "AFS"},
                                                                        {0x73757245, "Coda"},
                                                                        {0x0bd00bd0, "Lustre"},
                                                                        {0x786f4256, "vboxsf"}}};

}  // namespace

std::optional<std::string> served_file_system(const std::string& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return std::nullopt;
  for (const auto& [type, name] : kServed) {
    if (static_cast<std::uint32_t>(status.f_type) == type) return name;
  }
  return std::nullopt;
}

FileKind file_kind(const std::string& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ELOOP) return FileKind::dangling_link;
    if (errno != ENOENT && errno != ENOTDIR) return FileKind::unreadable;
    return ::lstat(path.c_str(), &status) == 0 ? FileKind::dangling_link : FileKind::missing;
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return FileKind::regular;
    case S_IFDIR:
      return FileKind::folder;
    case S_IFIFO:
      return FileKind::fifo;
    case S_IFSOCK:
      return FileKind::socket;
    default:
      return FileKind::device;
  }
}

mode_t mode_of_new_file(const std::string& folder) {
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 && (status.st_mode & S_IWGRP) != 0 ? 0660 : 0600;
}

Result<> create_file(const std::string& path, mode_t mode) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    if (errno == EEXIST) return {};
    return errno_error("cannot create " + path, errno);
  }
  struct stat folder {};
  // Not everybody may give a file away to that group; then its own group has to do.
  if (::stat(parent_folder(path).c_str(), &folder) == 0 && ::fchown(fd.get(), static_cast<uid_t>(-1), folder.st_gid) != 0) errno = 0;
  if (::fchmod(fd.get(), mode) != 0) return errno_error("cannot set the permissions of " + path, errno);
  return {};
}

std::optional<std::chrono::seconds> file_age(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec - status.st_mtim.tv_sec);
}

bool sync_directory(const std::string& path) noexcept {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.valid() && sync_directory(fd.get());
}

bool sync_directory(int folder) noexcept {
  // Some file systems cannot sync a folder and say EINVAL: nothing more can be done there.
  return ::fsync(folder) == 0 || errno == EINVAL;
}

Result<> move_file(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST) return Error(Errc::busy, to + " exists already");
  if (errno == ENOENT) return Error(Errc::not_found, from + " does not exist");
  return errno_error("cannot rename " + from + " to " + to, errno);
}

}  // namespace devinit::os
