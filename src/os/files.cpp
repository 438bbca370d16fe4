#include "os/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "os/draft_file.hpp"
#include "os/file_system.hpp"
#include "os/open_folder.hpp"

namespace devinit::os {
namespace {

struct FreeMemory {
  void operator()(char* memory) const noexcept { std::free(memory); }
};

std::optional<struct stat> stat_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

/// real_path without words: empty, and errno, when there is none.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, FreeMemory> text(::realpath(path.c_str(), nullptr));
  return text ? std::string(text.get()) : std::string();
}

std::string link_target(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

std::string reason(int error) {
  const char* text = ::strerrordesc_np(error);
  return text != nullptr ? text : "error " + std::to_string(error);
}

ReadFailure open_failure(int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {missing ? FileProblem::missing : FileProblem::unreadable, missing ? "does not exist" : reason(error)};
}

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory";
  if (S_ISFIFO(mode)) return "is a FIFO";
  if (S_ISSOCK(mode)) return "is a socket";
  if (S_ISCHR(mode)) return "is a character device";
  if (S_ISBLK(mode)) return "is a block device";
  return "is not a regular file";
}

ReadFailure too_large(std::size_t size, std::size_t limit, bool exact) {
  return {FileProblem::too_large, "is " + std::string(exact ? "" : "at least ") + std::to_string(size) +
                                      " bytes long; the limit is " + std::to_string(limit)};
}

/// Where reading may go: `path` itself without a root, else its real path, which has to lie in the root.
boost::system::result<std::string, ReadFailure> permitted_path(const std::string& path, const std::string& root) {
  if (root.empty()) return path;
  const std::string real = resolved(path);
  if (real.empty()) {
    const int error = errno;
    // A link to nothing is not "missing": who creates the file would write through the link.
    if (error == ENOENT && is_link(path)) {
      return ReadFailure{FileProblem::unreadable, "is a symbolic link to " + link_target(path) + ", which does not exist"};
    }
    return open_failure(error);
  }
  const std::string real_root = resolved(root);
  const bool inside = real_root == "/" || real.starts_with(real_root + "/");
  if (real_root.empty() || !inside) {
    return ReadFailure{FileProblem::outside_root, "is a symbolic link to " + real + ", outside the project"};
  }
  return real;
}

/// Reads to the end, whatever size the kernel announced (0 for files of /proc). The first read is a large one: files of
/// /proc/sys give all they have to it and nothing to a second.
boost::system::result<std::string, ReadFailure> read_all(int fd, std::size_t announced, std::size_t limit) {
  constexpr std::size_t kFirstRead = 4096;
  std::string content;
  std::size_t used = 0;
  content.resize(std::min(std::max(announced, kFirstRead), limit) + 1);
  while (true) {
    if (used == content.size()) content.resize(std::min(used * 2, limit + 1));
    const ssize_t size = ::read(fd, content.data() + used, content.size() - used);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ReadFailure{FileProblem::unreadable, reason(errno)};
    if (size == 0) break;
    used += static_cast<std::size_t>(size);
    if (used > limit) return too_large(used, limit, false);
  }
  content.resize(used);
  return content;
}

/// Where a replacement goes: the file itself, or what the symbolic link leads to.
Result<std::string> replacement_target(const std::string& path) {
  if (!is_link(path)) return path;
  std::string real = resolved(path);
  if (real.empty()) return Error(Errc::io, path + " is a symbolic link to " + link_target(path) + ", which does not exist");
  return real;
}

}  // namespace

boost::system::result<std::string, ReadFailure> read_text_file(const std::string& path, const std::string& root,
                                                               std::size_t limit) {
  const auto target = permitted_path(path, root);
  if (!target) return target.error();
  // With a root the path has no links left; O_NOFOLLOW keeps it so if somebody swaps it now.
  const int no_follow = root.empty() ? 0 : O_NOFOLLOW;
  const UniqueFd fd(::open(target->c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | no_follow));
  if (!fd.valid()) {
    const int error = errno;
    const auto status = error == ENXIO || error == ENODEV ? stat_of(*target) : std::nullopt;  // sockets cannot be opened
    if (status) return ReadFailure{FileProblem::not_regular, kind_of(status->st_mode)};
    return open_failure(error);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return open_failure(errno);
  if (!S_ISREG(status.st_mode)) return ReadFailure{FileProblem::not_regular, kind_of(status.st_mode)};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit) return too_large(size, limit, true);
  return read_all(fd.get(), size, limit);
}

Result<> refuse_link(const std::string& path) {
  if (!is_link(path)) return {};
  return Error(Errc::refused, path + " is a symbolic link to " + link_target(path) + ": devinit rewrites this file and nothing elsewhere",
               "remove the link, devinit makes a file of its own there: rm '" + path + "'");
}

Result<> replace_file(const std::string& path, std::string_view content, mode_t mode, Durable durable, Links links) {
  if (links == Links::refuse) TRY(refuse_link(path));
  std::string target = path;
  if (links == Links::follow) {
    TRY_ASSIGN(target, replacement_target(path));
  }
  const bool overwrites_link = links == Links::replace && is_link(path);
  auto previous = overwrites_link ? std::nullopt : stat_of(target);
  if (previous && !S_ISREG(previous->st_mode))
    return Error(Errc::io, "cannot write " + path + ": it " + kind_of(previous->st_mode));
  if (links != Links::follow) previous.reset();  // mode and owner of the old file are kept for people's files only
  DraftFile draft(AT_FDCWD, target);
  if (previous) draft.give_to(previous->st_uid, previous->st_gid);
  const mode_t wanted = previous ? previous->st_mode & 07777 : mode;
  const bool done = draft.write(content, wanted) && (durable == Durable::no || draft.sync()) && draft.replace();
  if (!done) return errno_error("cannot write " + path, errno);
  if (durable == Durable::yes && !sync_directory(parent_folder(target))) {
    return errno_error(path + " is written, but may not survive a power cut", errno);
  }
  return {};
}

Result<> make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT && !path.empty()) {
    const std::string parent = parent_folder(path);
    if (parent != path && parent != ".") {
      TRY(make_directories(parent, mode));
      if (::mkdir(path.c_str(), mode) == 0) return {};
    }
  }
  const int error = errno;
  // Whatever mkdir said (EEXIST, EROFS, EACCES on an automounted folder): an existing folder is all we want.
  if (is_directory(path)) return {};
  return errno_error("cannot create the folder " + path, error == EEXIST ? ENOTDIR : error);
}

std::string parent_folder(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool path_exists(const std::string& path) { return stat_of(path).has_value(); }

bool is_regular_file(const std::string& path) {
  const auto status = stat_of(path);
  return status && S_ISREG(status->st_mode);
}

bool is_directory(const std::string& path) {
  const auto status = stat_of(path);
  return status && S_ISDIR(status->st_mode);
}

Result<std::string> real_path(const std::string& path) {
  std::string real = resolved(path);
  if (!real.empty()) return real;
  if (errno == ENOENT || errno == ENOTDIR) return Error(Errc::not_found, path + " does not exist");
  return errno_error("cannot resolve " + path, errno);
}

std::vector<std::string> list_directory(const std::string& path) {
  return take_names(UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))).value_or(std::vector<std::string>());
}

std::optional<FileId> file_id(const std::string& path) {
  const auto status = stat_of(path);
  return status ? std::optional(FileId{status->st_dev, status->st_ino}) : std::nullopt;
}

std::vector<std::string> tail_lines(const std::string& path, std::size_t lines, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto size = static_cast<std::size_t>(status.st_size);
  const std::size_t wanted = std::min(size, limit);
  if (::lseek(fd.get(), static_cast<off_t>(size - wanted), SEEK_SET) < 0) return {};
  std::string tail(wanted, '\0');
  std::size_t used = 0;
  while (used < wanted) {
    const ssize_t got = ::read(fd.get(), tail.data() + used, wanted - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
  }
  tail.resize(used);
  if (tail.ends_with('\n'))
    tail.pop_back();
  else if (tail.empty())
    return {};
  std::vector<std::string> result;
  for (std::size_t end = tail.size(); result.size() < lines;) {
    const auto newline = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
    result.push_back(tail.substr(begin, end - begin));
    if (newline == std::string::npos) break;
    end = newline;
  }
  std::reverse(result.begin(), result.end());
  return result;
}

std::optional<std::uint64_t> file_size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

void remove_file(const std::string& path) noexcept { ::unlink(path.c_str()); }

void rename_file(const std::string& from, const std::string& to) noexcept { std::rename(from.c_str(), to.c_str()); }

}  // namespace devinit::os
