#include "os/program_image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "os/files.hpp"

namespace devinit::os {
namespace {

bool write_whole(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

/// FNV-1a: tells versions of one program apart; no defence, the folder is ours alone.
std::string content_hash(std::string_view data) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char byte : data) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[hash >> shift & 15];
  return text;
}

UniqueFd memory_file(std::string_view image, const std::string& name) {
  constexpr unsigned kMfdExec = 0x0010U;  // Linux 6.3: says that execution is meant
  int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC | kMfdExec);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  UniqueFd file(fd);
  if (!file.valid() || !write_whole(file.get(), image)) return UniqueFd();
  // A descriptor open for writing cannot be executed (ETXTBSY): open it again for reading only.
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  if (::access(path.c_str(), X_OK) != 0) return UniqueFd();
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

Result<UniqueFd> open_program_image(std::string_view image, const std::string& name, const std::string& directory) {
  auto in_memory = memory_file(image, name);
  if (in_memory.valid()) return in_memory;
  const std::string path = directory + "/" + name + "-" + content_hash(image);
  if (!is_regular_file(path)) TRY(replace_file(path, image, 0700, Durable::no));
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return errno_error("cannot open " + path, errno);
  return file;
}

}  // namespace devinit::os
