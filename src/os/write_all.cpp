#include "os/write_all.hpp"

#include <unistd.h>

#include <cerrno>

namespace devinit::os {

bool write_all(int fd, std::string_view content) noexcept {
  while (!content.empty()) {
    const ssize_t size = ::write(fd, content.data(), content.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace devinit::os
