#include "os/draft_file.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "os/files.hpp"
#include "os/random.hpp"
#include "os/write_all.hpp"

namespace devinit::os {

DraftFile::DraftFile(int folder, std::string target)
    : folder_(folder), target_(std::move(target)), name_(parent_folder(target_) + "/.devinit-" + random_hex(6)) {
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  fd_.reset(::openat(folder_, name_.c_str(), kNew, S_IRUSR | S_IWUSR));
  there_ = fd_.valid();
}

DraftFile::~DraftFile() {
  if (there_) ::unlinkat(folder_, name_.c_str(), 0);
}

void DraftFile::give_to(uid_t owner, gid_t group) {
  if (there_ && ::fchown(fd_.get(), owner, group) != 0) errno = 0;
}

bool DraftFile::write(std::string_view text, mode_t mode) {
  return there_ && write_all(fd_.get(), text) && ::fchmod(fd_.get(), mode) == 0;
}

bool DraftFile::sync() { return ::fsync(fd_.get()) == 0; }

bool DraftFile::replace() {
  const bool renamed = ::renameat(folder_, name_.c_str(), folder_, target_.c_str()) == 0;
  there_ = !renamed;
  return renamed;
}

bool DraftFile::appear() {
  if (::renameat2(folder_, name_.c_str(), folder_, target_.c_str(), RENAME_NOREPLACE) == 0) {
    there_ = false;
    return true;
  }
  if (errno != EINVAL && errno != ENOSYS) return false;
  // File systems that know no such rename know hard links, which replace nothing either.
  return ::linkat(folder_, name_.c_str(), folder_, target_.c_str(), 0) == 0;
}

}  // namespace devinit::os
