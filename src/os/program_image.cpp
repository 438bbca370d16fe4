#include "os/program_image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "os/files.hpp"
#include "os/hash.hpp"
#include "os/own_file.hpp"
#include "os/write_all.hpp"

namespace devinit::os {
namespace {

UniqueFd memory_file(std::string_view image, const std::string& name) {
  constexpr unsigned kMfdExec = 0x0010U;  // Linux 6.3: says that execution is meant
  int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC | kMfdExec);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  UniqueFd file(fd);
  if (!file.valid() || !write_all(file.get(), image)) return UniqueFd();
  // A descriptor open for writing cannot be executed (ETXTBSY): open it again for reading only.
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  if (::access(path.c_str(), X_OK) != 0) return UniqueFd();
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

Result<UniqueFd> open_program_image(std::string_view image, const std::string& name, const std::string& directory) {
  auto in_memory = memory_file(image, name);
  if (in_memory.valid()) return in_memory;
  return open_program_file(image, name, directory);
}

Result<UniqueFd> open_program_file(std::string_view image, const std::string& name, const std::string& directory) {
  const std::string path = directory + "/" + name + "-" + short_hash(image);
  const auto open_it = [&path] { return UniqueFd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)); };
  auto file = open_it();
  if (file.valid() && is_own_content(file.get(), image) && ::access(path.c_str(), X_OK) == 0) return file;
  file.reset();
  TRY(replace_file(path, image, 0700, Durable::no, Links::replace));
  file = open_it();
  if (!file.valid()) return errno_error("cannot open " + path, errno);
  // Swapped in this very moment by somebody who can write the folder: never executed.
  if (!is_own_content(file.get(), image)) return Error(Errc::refused, path + " was changed while it was written");
  return file;
}

}  // namespace devinit::os
