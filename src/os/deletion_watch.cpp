#include "os/deletion_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

namespace devinit::os {

Result<DeletionWatch> DeletionWatch::create() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot watch for deleted files", errno);
  return DeletionWatch(std::move(fd));
}

Result<> DeletionWatch::add(const std::string& directory) {
  if (::inotify_add_watch(fd_.get(), directory.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) < 0) {
    return errno_error("cannot watch " + directory, errno);
  }
  return {};
}

void DeletionWatch::drain() noexcept {
  alignas(inotify_event) char events[4096];
  while (::read(fd_.get(), events, sizeof events) > 0) {
  }
}

}  // namespace devinit::os
