#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Folders whose changes are told one by one, with names (inotify(7)); not what is below them: that are other folders. To learn only *that*
/// something changed in one folder, see `DirectoryWatch`.
///
/// What is written is told when its writer closes it, so that a file which is held open and written for ever, a log or a database, tells nothing.
/// Attributes do not count.
class Inotify {
 public:
  struct Event {
    enum class Kind {
      written,   ///< a file was closed by somebody who could write to it
      made,      ///< a file that is new; unless `is_complete`, `written` follows
      appeared,  ///< a folder, new or moved here; or a file that was moved here
      vanished,  ///< deleted
      left,      ///< moved away
      ended,     ///< the folder itself is gone, or was removed: this was the last event of its watch
      overflow,  ///< the kernel has lost events: anything may have changed
    };
    Kind kind;
    int watch = -1;      ///< as `add` returned it; -1 for overflow
    bool folder = false; ///< it is a folder that appeared, vanished or left
    std::string name;    ///< in the folder; empty for ended and overflow
  };

  /// Errc::refused with a hint when the user's instances, or our own descriptors, are used up.
  [[nodiscard]] static Result<Inotify> open();

  enum class Links { follow, refuse };
  /// The number of the folder's watch, the same as before when it has one, also by another path. Errc::not_found when it is no folder (any more),
  /// Errc::refused with the limit and a hint when the user's watches are used up, Errc::io.
  [[nodiscard]] Result<int> add(const std::string& folder, Links links);
  /// Events that the kernel has kept already still come.
  void remove(int watch) noexcept;
  /// What has happened, in order, as far as one read gives it: call again until it is empty. Never blocks.
  [[nodiscard]] std::vector<Event> read();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  explicit Inotify(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Whether a file that is new may be one that nobody closes any more: a link, also a hard one, a socket, or a file that appeared with its content.
[[nodiscard]] bool is_complete(const std::string& path) noexcept;

}  // namespace devinit::os
