#include "os/lock_owner.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <vector>

#include "os/proc_file.hpp"

namespace devinit::os {
namespace {

/// /proc/PID/fdinfo/FD has a line "lock:	1: OFDLCK ADVISORY  WRITE -1 fd:01:1234 0 EOF" for a lock of this very description (Linux 4.1).
bool locks_through(const std::string& process, pid_t number) {
  std::array<char, 1024> buffer;
  const auto text = read_start((process + "/fdinfo/" + std::to_string(number)).c_str(), buffer);
  if (!text) return false;
  const auto lock = text->find("OFDLCK");
  return lock != std::string_view::npos && text->find("WRITE", lock) != std::string_view::npos;
}

bool locks_file(pid_t pid, const struct stat& file) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::vector<pid_t> numbers;
  append_numbers_in((process + "/fd").c_str(), numbers);
  return std::ranges::any_of(numbers, [&](pid_t number) {
    struct stat open_file {};
    return ::stat((process + "/fd/" + std::to_string(number)).c_str(), &open_file) == 0 && open_file.st_dev == file.st_dev &&
           open_file.st_ino == file.st_ino && locks_through(process, number);
  });
}

}  // namespace

std::optional<pid_t> description_lock_owner(const std::string& path) {
  struct stat file {};
  std::vector<pid_t> processes;
  if (::stat(path.c_str(), &file) != 0 || !append_numbers_in("/proc", processes)) return std::nullopt;
  const auto owner = std::ranges::find_if(processes, [&](pid_t pid) { return pid != ::getpid() && locks_file(pid, file); });
  return owner == processes.end() ? std::nullopt : std::optional(*owner);
}

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
