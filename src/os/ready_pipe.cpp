#include "os/ready_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace devinit::os {

ReadyPipe::ReadyPipe(int fd) noexcept : fd_(fd) {
  if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void ReadyPipe::say(std::string_view text) noexcept {
  if (!fd_.valid()) return;
  // Far below PIPE_BUF: one write. If nobody reads any more there is nobody to tell.
  if (::write(fd_.get(), text.data(), text.size()) < 0) fd_.reset();
  fd_.reset();
}

}  // namespace devinit::os
