#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace devinit::supervisor {

/// Which tasks of `run: once` this checkout has done (`.devinit/tasks.json`, replaced atomically). A file that cannot be read is none: a task done
/// twice is better than one that is never done.
class TaskRecord {
 public:
  explicit TaskRecord(std::string path) : path_(std::move(path)) {}
  /// When the task was done with this fingerprint: wall clock seconds; nothing when it was not. Read anew at each call.
  [[nodiscard]] std::optional<std::int64_t> done(const std::string& service, const std::string& fingerprint) const;
  [[nodiscard]] Result<> mark_done(const std::string& service, const std::string& fingerprint, std::int64_t when);
  /// It is to be done again, whatever it depends on.
  [[nodiscard]] Result<> forget(const std::string& service);

 private:
  std::string path_;
};

}  // namespace devinit::supervisor
