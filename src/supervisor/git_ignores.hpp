#pragma once

#include <set>
#include <string>
#include <string_view>

#include "config/ignore_rules.hpp"

namespace devinit::supervisor {

/// What git ignores below the project's root, as the files say that have been read so far: those above the root up to the repository's, its
/// `info/exclude`, and those that were added. The rules of the user (`core.excludesFile`) are none of the project's.
class GitIgnores {
 public:
  static constexpr std::string_view kFileName = ".gitignore";

  /// `root`: of the project, absolute.
  explicit GitIgnores(std::string root);

  /// Forgets what was added and reads the rest again.
  void reset();
  /// Reads the .gitignore of a folder (relative to the root) unless it has been read. Folders before those in them.
  void add(const std::string& folder);
  /// Whether the rules of a folder have been read.
  [[nodiscard]] bool has(const std::string& folder) const { return added_.contains(folder); }

  /// `path` is relative to the root.
  [[nodiscard]] bool ignores(const std::string& path, bool is_folder) const;
  /// Another number after each change of the rules.
  [[nodiscard]] unsigned version() const noexcept { return version_; }

 private:
  void read(const std::string& folder, const std::string& file);
  [[nodiscard]] bool judge(const std::string& path, bool is_folder) const;

  std::string root_;
  std::string above_;  ///< the way from the repository's root to ours, with a slash at its end; empty: they are the same, or there is no repository
  config::IgnoreRules rules_;
  std::set<std::string> added_;
  unsigned version_ = 0;

  /// The latest answer: one path after the other is asked about, for each service that watches.
  struct Answer {
    std::string path;
    bool is_folder = false;
    unsigned version = 0;
    bool ignored = false;
  };
  mutable Answer latest_;
};

}  // namespace devinit::supervisor
