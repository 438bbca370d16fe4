#include "os/directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace devinit::os {

Result<DirectoryWatch> DirectoryWatch::on(const std::string& directory) {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot watch " + directory, errno);
  constexpr unsigned kEvents = IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE;
  if (::inotify_add_watch(fd.get(), directory.c_str(), kEvents | IN_ONLYDIR) < 0) {
    return errno_error("cannot watch " + directory, errno);
  }
  return DirectoryWatch(std::move(fd));
}

void DirectoryWatch::drain() noexcept {
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (::read(fd_.get(), buffer.data(), buffer.size()) > 0) {
  }
}

}  // namespace devinit::os
