#include "os/wait_child.hpp"

#include <sys/wait.h>

#include <cerrno>

namespace devinit::os {

Result<ExitStatus> wait_for_child(const Spawned& child) {
  int status = 0;
  while (::waitpid(child.identity.pid, &status, 0) < 0) {
    if (errno != EINTR) return errno_error("cannot wait for process " + std::to_string(child.identity.pid), errno);
  }
  return ExitStatus::from_wait_status(status);
}

}  // namespace devinit::os
