#include "os/edit_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/draft_file.hpp"
#include "os/fd.hpp"
#include "os/file_system.hpp"

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

Result<> sync(const Place& place) {
  if (sync_directory(place.folder.get())) return {};
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
  DraftFile draft(place.folder.get(), place.name);
  draft.give_to(before.st_uid, before.st_gid);
  if (!draft.write(content, before.st_mode & kPermissions) || !draft.sync())
    return errno_error("cannot write " + place.shown, errno);
  // Only now, so that as little time as possible is left for somebody's change to be lost.
  struct stat now {};
  TRY_ASSIGN(const auto fd, open_text(place, now));
  if (!holds(fd.get(), expected)) return changed(place);
  if (!draft.replace()) return errno_error("cannot write " + place.shown, errno);
  return sync(place);
}

Result<> create_text(const std::string& root, const std::string& path, std::string_view content, mode_t mode) {
  TRY_ASSIGN(const auto place, open_place(root, path));
  DraftFile draft(place.folder.get(), place.name);
  if (!draft.write(content, mode) || !draft.sync()) return errno_error("cannot write " + place.shown, errno);
  if (draft.appear()) return sync(place);
  if (errno == EEXIST)
    return Error(Errc::busy, place.shown + " has come into being meanwhile: it is left as it is", "try again");
  return errno_error("cannot write " + place.shown, errno);
}

}  // namespace devinit::os
