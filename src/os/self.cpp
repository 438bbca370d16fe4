#include "os/self.hpp"

#include <unistd.h>

namespace devinit::os {

pid_t own_pid() noexcept { return ::getpid(); }

uid_t own_uid() noexcept { return ::geteuid(); }

}  // namespace devinit::os
