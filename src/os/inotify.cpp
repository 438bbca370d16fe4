#include "os/inotify.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "os/proc_file.hpp"

namespace devinit::os {
namespace {

constexpr const char* kInstances = "max_user_instances";
constexpr const char* kWatches = "max_user_watches";

/// IN_EXCL_UNLINK: a file that was deleted while it was open tells nothing when it is closed at last.
constexpr unsigned kWanted = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK;

std::optional<unsigned long> limit(const char* name) {
  std::array<char, 32> buffer;
  const auto text = read_start((std::string("/proc/sys/fs/inotify/") + name).c_str(), buffer);
  unsigned long value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

/// `enough`: what desktop systems come with.
Error used_up(const char* name, const std::string& what, unsigned long enough) {
  const auto current = limit(name);
  const auto wanted = std::max(enough, current.value_or(0) * 2);
  return Error(Errc::refused,
               "the limit of " + (current ? std::to_string(*current) + " " : "") + what +
                   " of this user is reached (fs.inotify." + name + ")",
               std::string("raise it: sudo sysctl -w fs.inotify.") + name + "=" + std::to_string(wanted));
}

/// inotify_init1 says EMFILE for both.
bool out_of_descriptors() {
  const UniqueFd another(::open("/", O_PATH | O_CLOEXEC));
  return !another.valid() && errno == EMFILE;
}

Inotify::Event event_of(const inotify_event& raw, const char* name) {
  using Kind = Inotify::Event::Kind;
  Inotify::Event event{.kind = Kind::written, .watch = raw.wd, .folder = (raw.mask & IN_ISDIR) != 0, .name = {}};
  if (raw.len > 0) event.name.assign(name, ::strnlen(name, raw.len));
  if ((raw.mask & IN_Q_OVERFLOW) != 0) {
    event.kind = Kind::overflow;
  } else if ((raw.mask & IN_IGNORED) != 0) {
    event.kind = Kind::ended;
  } else if ((raw.mask & IN_DELETE) != 0) {
    event.kind = Kind::vanished;
  } else if ((raw.mask & IN_MOVED_FROM) != 0) {
    event.kind = Kind::left;
  } else if (event.folder || (raw.mask & IN_MOVED_TO) != 0) {
    event.kind = Kind::appeared;
  } else if ((raw.mask & IN_CREATE) != 0) {
    event.kind = Kind::made;
  }
  return event;
}

}  // namespace

Result<Inotify> Inotify::open() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (fd.valid()) return Inotify(std::move(fd));
  const int why = errno;
  if (why != EMFILE) return errno_error("cannot watch files", why);
  if (out_of_descriptors())
    return Error(Errc::refused, "cannot watch files: no file descriptor is left", "raise the limit (ulimit -n)");
  constexpr unsigned long kEnough = 512;
  return used_up(kInstances, "inotify instances", kEnough);
}

Result<int> Inotify::add(const std::string& folder, Links links) {
  const unsigned mask = kWanted | (links == Links::refuse ? IN_DONT_FOLLOW : 0U);
  const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), mask);
  if (watch >= 0) return watch;
  const int why = errno;
  constexpr unsigned long kEnough = 524'288;
  if (why == ENOSPC) return used_up(kWatches, "inotify watches", kEnough);
  auto error = errno_error("cannot watch " + folder, why);
  if (why == ENOENT || why == ENOTDIR || why == ELOOP) error.code = Errc::not_found;
  return error;
}

void Inotify::remove(int watch) noexcept { (void)::inotify_rm_watch(fd_.get(), watch); }

std::vector<Inotify::Event> Inotify::read() {
  std::vector<Event> events;
  alignas(inotify_event) std::array<char, 1 << 16> buffer;
  const auto size = ::read(fd_.get(), buffer.data(), buffer.size());
  for (std::size_t at = 0; size > 0 && at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
    inotify_event raw;
    std::memcpy(&raw, buffer.data() + at, sizeof raw);
    events.push_back(event_of(raw, buffer.data() + at + sizeof raw));
    at += sizeof raw + raw.len;
  }
  return events;
}

bool is_complete(const std::string& path) noexcept {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return false;
  return !S_ISREG(status.st_mode) || status.st_nlink > 1 || status.st_size > 0;
}

}  // namespace devinit::os
