#pragma once

#include <optional>
#include <string>

#include "os/log_file.hpp"

namespace devinit::os {

/// The files of one log, as a guardian rotates them (guardian/log_sink.hpp): NAME.log, which is written, NAME.log.1, which was before, and so
/// on. They are renamed at any moment, oldest first, so that a file only ever moves away from NAME.log and never passes another one: who
/// looks from NAME.log upward meets every file that there is.
class LogGenerations {
 public:
  /// `path`: of NAME.log.
  explicit LogGenerations(std::string path) : path_(std::move(path)) {}

  /// Nothing when there is no file at all.
  [[nodiscard]] std::optional<LogFile> newest() const;
  [[nodiscard]] std::optional<LogFile> oldest() const;

  struct Successor {
    LogFile file;
    bool after_gap = false;  ///< `finished` has been overwritten, and perhaps files that came after it
  };
  /// The file that follows `finished`; nothing when there is none yet, or a rotation is going on: ask again when the folder changes.
  [[nodiscard]] std::optional<Successor> after(const LogFile& finished) const;
  /// Another file than `file` is the newest by now: `file` stays as it is.
  [[nodiscard]] bool has_moved_on(const LogFile& file) const;

  /// Removes all but the newest `keep` files. Nobody may be writing the log.
  void prune(int keep) const;

 private:
  [[nodiscard]] std::string name(int number) const;
  [[nodiscard]] std::optional<int> number_of(const FileId& id) const;
  [[nodiscard]] std::optional<Successor> survivor_after(const LogFile& lost) const;

  std::string path_;
};

}  // namespace devinit::os
