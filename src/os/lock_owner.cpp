#include "os/lock_owner.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <sstream>
#include <string_view>

#include "os/proc_file.hpp"

namespace devinit::os {

std::optional<pid_t> write_lock_owner(const std::string& path) {
  struct stat file {};
  const auto locks = read_whole("/proc/locks");
  if (!locks || ::stat(path.c_str(), &file) != 0) return std::nullopt;
  // "7: POSIX  ADVISORY  WRITE 4711 fd:01:123456 120 120"; who waits has "->" before the type. The device is in hexadecimal digits. File systems
  // with numbers of their own for devices (btrfs, overlay) show another one there, so that only the inode is compared.
  const std::string inode = ":" + std::to_string(file.st_ino);
  std::istringstream lines(*locks);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, type, advisory, access, device;
    pid_t pid = 0;
    if (!(words >> number >> type >> advisory >> access >> pid >> device)) continue;
    if (type == "POSIX" && access == "WRITE" && pid > 0 && pid != ::getpid() && device.ends_with(inode)) return pid;
  }
  return std::nullopt;
}

}  // namespace devinit::os
