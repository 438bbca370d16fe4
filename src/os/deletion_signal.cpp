#include "os/deletion_signal.hpp"

#include <fcntl.h>

#include <cerrno>

namespace devinit::os {

Result<UniqueFd> signal_deletions(const std::string& directory) {
  UniqueFd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return errno_error("cannot watch " + directory, errno);
  constexpr unsigned long kWhat = DN_DELETE | DN_RENAME | DN_MULTISHOT;
  if (::fcntl(folder.get(), F_NOTIFY, kWhat) != 0) return errno_error("cannot watch " + directory, errno);
  return folder;
}

}  // namespace devinit::os
