#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace devinit::os {

/// The new text of a file, beside it under a hidden name, until it takes its place: readers see the old or the new text, never
/// a half. It goes unless it has taken the place. What fails says false and leaves errno; that it could not be made shows in
/// `write`.
class DraftFile {
 public:
  /// `target`, the file's path, counts from the open folder `folder` (AT_FDCWD: from the current one), which outlives the
  /// draft.
  DraftFile(int folder, std::string target);
  DraftFile(const DraftFile&) = delete;
  DraftFile& operator=(const DraftFile&) = delete;
  ~DraftFile();

  /// Best effort: only root can give a file away. Before `write`, because a new owner costs the set-id bits.
  void give_to(uid_t owner, gid_t group);
  /// Gives it the text and exactly `mode`, whatever the umask.
  [[nodiscard]] bool write(std::string_view text, mode_t mode);
  /// Waits until the text is on the disk.
  [[nodiscard]] bool sync();
  /// Takes the place of the target, whether there is one or not.
  [[nodiscard]] bool replace();
  /// Takes the place of nothing: EEXIST when there is a target.
  [[nodiscard]] bool appear();

 private:
  int folder_;
  std::string target_;
  std::string name_;
  UniqueFd fd_;
  bool there_ = false;
};

}  // namespace devinit::os
