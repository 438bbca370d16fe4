#include "os/edit_file.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/fd.hpp"
#include "os/random.hpp"
#include "os/write_all.hpp"

namespace devinit::os {
namespace {

constexpr mode_t kPermissions = 07777;

/// The folder that a file lies in, held open: whoever renames folders from here on cannot lead the write elsewhere.
struct Place {
  UniqueFd folder;
  std::string name;
  std::string shown;
};

Result<Place> open_place(const std::string& root, const std::string& path) {
  Place place{UniqueFd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), path, root + "/" + path};
  for (auto slash = place.name.find('/'); place.folder.valid() && slash != std::string::npos; slash = place.name.find('/')) {
    const std::string part = place.name.substr(0, slash);
    ASSERT(!part.empty() && part != "..");
    place.folder = UniqueFd(::openat(place.folder.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    place.name.erase(0, slash + 1);
  }
  if (place.folder.valid()) return place;
  if (errno == ELOOP || errno == ENOTDIR)
    return Error(Errc::refused, "a folder of " + place.shown + " is a symbolic link or a file");
  return errno_error("cannot write " + place.shown, errno);
}

/// A file of a hidden name beside the place; it goes unless it gets that name.
class NewText {
 public:
  explicit NewText(const Place& place) : place_(place), name_(".devinit-" + random_hex(6)) {
    constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    fd_.reset(::openat(place.folder.get(), name_.c_str(), kNew, S_IRUSR | S_IWUSR));
    there_ = fd_.valid();
  }
  NewText(const NewText&) = delete;
  NewText& operator=(const NewText&) = delete;
  ~NewText() {
    if (there_) ::unlinkat(place_.folder.get(), name_.c_str(), 0);
  }

  /// False leaves errno, here and below.
  bool write(std::string_view content, mode_t mode) {
    return there_ && write_all(fd_.get(), content) && ::fchmod(fd_.get(), mode) == 0 && ::fsync(fd_.get()) == 0;
  }
  /// Best effort: only root can give a file away. Before `write`, because a new owner costs the set-id bits.
  void give_to(uid_t owner, gid_t group) {
    if (there_ && ::fchown(fd_.get(), owner, group) != 0) errno = 0;
  }
  bool replace() { return rename_with(0); }
  bool appear() {
    if (rename_with(RENAME_NOREPLACE)) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    // File systems that know no such rename know hard links, which replace nothing either.
    return ::linkat(place_.folder.get(), name_.c_str(), place_.folder.get(), place_.name.c_str(), 0) == 0;
  }

 private:
  bool rename_with(unsigned flags) {
    const int folder = place_.folder.get();
    const bool renamed = ::renameat2(folder, name_.c_str(), folder, place_.name.c_str(), flags) == 0;
    there_ = there_ && !renamed;
    return renamed;
  }

  const Place& place_;
  std::string name_;
  UniqueFd fd_;
  bool there_ = false;
};

/// Some file systems cannot sync a folder and say EINVAL: nothing more can be done there.
Result<> sync(const Place& place) {
  if (::fsync(place.folder.get()) == 0 || errno == EINVAL) return {};
  return errno_error(place.shown + " is written, but may not survive a power cut", errno);
}

Error changed(const Place& place) {
  return Error(Errc::busy, place.shown + " has been changed meanwhile: it is left as it is", "try again");
}

/// The file as it is now, for reading; a link or another kind is refused.
Result<UniqueFd> open_text(const Place& place, struct stat& status) {
  constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd(::openat(place.folder.get(), place.name.c_str(), kRead));
  if (!fd.valid() && errno == ENOENT) return changed(place);
  if (!fd.valid() && errno == ELOOP) return Error(Errc::refused, place.shown + " is a symbolic link");
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return errno_error("cannot read " + place.shown, errno);
  if (!S_ISREG(status.st_mode)) return Error(Errc::refused, place.shown + " is not a regular file");
  return fd;
}

/// Reads one byte more than `expected` has, so that a longer text differs.
bool holds(int fd, std::string_view expected) {
  std::string text(expected.size() + 1, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t size = ::pread(fd, text.data() + used, text.size() - used, static_cast<off_t>(used));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    used += static_cast<std::size_t>(size);
  }
  return used == expected.size() && std::string_view(text).substr(0, used) == expected;
}

}  // namespace

Result<> replace_text(const std::string& root, const std::string& path, std::string_view expected, std::string_view content) {
  TRY_ASSIGN(const auto place, open_place(root, path));
  struct stat before {};
  TRY(open_text(place, before));
  NewText text(place);
  text.give_to(before.st_uid, before.st_gid);
  if (!text.write(content, before.st_mode & kPermissions)) return errno_error("cannot write " + place.shown, errno);
  // Only now, so that as little time as possible is left for somebody's change to be lost.
  struct stat now {};
  TRY_ASSIGN(const auto fd, open_text(place, now));
  if (!holds(fd.get(), expected)) return changed(place);
  if (!text.replace()) return errno_error("cannot write " + place.shown, errno);
  return sync(place);
}

Result<> create_text(const std::string& root, const std::string& path, std::string_view content, mode_t mode) {
  TRY_ASSIGN(const auto place, open_place(root, path));
  NewText text(place);
  if (!text.write(content, mode)) return errno_error("cannot write " + place.shown, errno);
  if (text.appear()) return sync(place);
  if (errno == EEXIST)
    return Error(Errc::busy, place.shown + " has come into being meanwhile: it is left as it is", "try again");
  return errno_error("cannot write " + place.shown, errno);
}

}  // namespace devinit::os
