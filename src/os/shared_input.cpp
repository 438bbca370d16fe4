#include "os/shared_input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "os/proc_file.hpp"

namespace devinit::os {
namespace {

/// The first line of /proc/PID/fdinfo/FD is "pos:", a tab, the offset.
off_t position_of_input(pid_t pid) {
  constexpr std::string_view kLabel = "pos:\t";
  std::array<char, 256> buffer;
  const auto text = read_start(("/proc/" + std::to_string(pid) + "/fdinfo/0").c_str(), buffer);
  off_t position = 0;
  if (text && text->starts_with(kLabel)) std::from_chars(text->data() + kLabel.size(), text->data() + text->size(), position);
  return position;
}

}  // namespace

bool has_input_to_share() noexcept {
  struct stat status {};
  return ::fstat(STDIN_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

Result<UniqueFd> open_input_of(pid_t pid) {
  const auto path = "/proc/" + std::to_string(pid) + "/fd/0";
  // O_NONBLOCK is for the opening alone: a named pipe without a writer would keep us. The open file is our own, so is its flag.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid()) return errno_error("cannot open the standard input of process " + std::to_string(pid), errno);
  if (::fcntl(fd.get(), F_SETFL, 0) != 0) return errno_error("cannot share a standard input", errno);
  if (const auto position = position_of_input(pid); position > 0 && ::lseek(fd.get(), position, SEEK_SET) < 0 && errno != ESPIPE) {
    return errno_error("cannot share a standard input", errno);
  }
  return fd;
}

}  // namespace devinit::os
