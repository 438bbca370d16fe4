#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/service_specs.hpp"
#include "supervisor/git_ignores.hpp"

namespace devinit::supervisor {

/// Which files matter to one service that watches: what lies below its paths and is not ignored. All paths here are relative to the project's root.
///
/// A path that the configuration names is meant, even when git ignores it (`.env`, a folder of generated files): then git's rules do not count in it.
class WatchScope {
 public:
  explicit WatchScope(const config::WatchSpec& spec);

  /// Without `.`, doubled slashes and those that leave the project.
  [[nodiscard]] std::vector<std::string> paths() const;
  [[nodiscard]] bool has_file(const std::string& file, const GitIgnores& git) const;
  /// Whether something in a folder can matter: it lies in the scope, or on the way to it.
  [[nodiscard]] bool needs_folder(const std::string& folder, const GitIgnores& git) const;
  /// It is one of the paths, or on the way to one.
  [[nodiscard]] bool leads_through(std::string_view path) const;
  /// Needs the same folders.
  [[nodiscard]] bool covers(const WatchScope& other) const;

 private:
  struct Path {
    std::string text;
    mutable bool ignored_by_git = false;  ///< as of `judged`
    mutable unsigned judged = 0;          ///< GitIgnores::version
  };
  [[nodiscard]] bool matters(const Path& path, const std::string& inner, bool is_folder, const GitIgnores& git) const;
  [[nodiscard]] bool ignored_by_pattern(std::string_view path, bool is_folder) const;

  std::vector<Path> paths_;
  std::vector<std::string> ignore_;
};

}  // namespace devinit::supervisor
