#include "supervisor/watch_scope.hpp"

#include <algorithm>
#include <array>

#include "base/base_name.hpp"
#include "config/glob.hpp"
#include "config/project_path.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::string_view kAllBelow = "/**";

/// True for "" and everything, "a" and "a/b"; not for "a" and "a".
bool is_below(std::string_view path, std::string_view folder) {
  if (folder.empty()) return !path.empty();
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Folders that are nobody's sources.
bool is_no_source_folder(std::string_view name) { return is_one_of(name, {".git", ".devinit", "node_modules", "__pycache__"}); }

/// What editors put beside the file they work on: Vim's swap and backup files and its probe 4913, Emacs' and Kate's;
/// JetBrains'.
bool is_of_an_editor(std::string_view name) {
  const bool swap = name.size() > 4 && name.starts_with('.') && name.substr(name.size() - 4, 3) == ".sw";
  const bool autosave = name.size() > 1 && name.starts_with('#') && name.ends_with('#');
  return swap || autosave || name.starts_with(".#") || name.ends_with('~') || name == "4913" ||
         name.ends_with("___jb_tmp___") || name.ends_with("___jb_old___") || name.ends_with(".kate-swp");
}

/// What devinit itself writes, and the rules, which change nothing for a service.
bool is_of_the_house(std::string_view name) {
  return is_one_of(name, {".ports.json", ".env.runtime", GitIgnores::kFileName}) || name.starts_with(".devinit-");
}

/// Whether a name in `inner`, a path below one that was named, rules it out.
bool has_ignored_name(std::string_view inner, bool is_folder) {
  for (auto slash = inner.find('/'); slash != std::string_view::npos; slash = inner.find('/')) {
    if (is_no_source_folder(inner.substr(0, slash))) return true;
    inner.remove_prefix(slash + 1);
  }
  return is_folder ? is_no_source_folder(inner) : is_of_an_editor(inner) || is_of_the_house(inner);
}

/// "./a/" → "a", as the paths that it is held against are written.
std::string plain(std::string pattern) {
  if (pattern.starts_with("./")) pattern.erase(0, 2);
  if (pattern.ends_with('/')) pattern.pop_back();
  return pattern;
}

}  // namespace

WatchScope::WatchScope(const config::WatchSpec& spec) {
  for (const auto& path : spec.paths) {
    if (auto inside = config::inside_project(path)) paths_.push_back({std::move(*inside)});
  }
  for (const auto& pattern : spec.ignore) ignore_.push_back(plain(pattern));
}

std::vector<std::string> WatchScope::paths() const {
  std::vector<std::string> texts;
  for (const auto& path : paths_) texts.push_back(path.text);
  return texts;
}

bool WatchScope::has_file(const std::string& file, const GitIgnores& git) const {
  if (ignored_by_pattern(file, false)) return false;
  return std::any_of(paths_.begin(), paths_.end(), [&](const Path& path) {
    return path.text == file || (is_below(file, path.text) && matters(path, file, false, git));
  });
}

bool WatchScope::needs_folder(const std::string& folder, const GitIgnores& git) const {
  if (leads_through(folder)) return true;
  if (ignored_by_pattern(folder, true)) return false;
  return std::any_of(paths_.begin(), paths_.end(),
                     [&](const Path& path) { return is_below(folder, path.text) && matters(path, folder, true, git); });
}

bool WatchScope::leads_through(std::string_view path) const {
  return std::any_of(paths_.begin(), paths_.end(),
                     [path](const Path& named) { return named.text == path || is_below(named.text, path); });
}

bool WatchScope::covers(const WatchScope& other) const { return paths() == other.paths() && ignore_ == other.ignore_; }

bool WatchScope::matters(const Path& path, const std::string& inner, bool is_folder, const GitIgnores& git) const {
  const auto rest = std::string_view(inner).substr(path.text.empty() ? 0 : path.text.size() + 1);
  if (has_ignored_name(rest, is_folder)) return false;
  if (path.judged != git.version()) {
    path.judged = git.version();
    path.ignored_by_git = !path.text.empty() && (git.ignores(path.text, true) || git.ignores(path.text, false));
  }
  return path.ignored_by_git || !git.ignores(inner, is_folder);
}

bool WatchScope::ignored_by_pattern(std::string_view path, bool is_folder) const {
  const auto hit = [](std::string_view pattern, std::string_view text, bool folder) {
    if (config::glob_matches(pattern, text)) return true;
    // Who ignores all that is in a folder ignores the folder.
    return folder && pattern.ends_with(kAllBelow) &&
           config::glob_matches(pattern.substr(0, pattern.size() - kAllBelow.size()), text);
  };
  return std::any_of(ignore_.begin(), ignore_.end(), [&](const std::string& pattern) {
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      if (hit(pattern, path.substr(0, slash), true)) return true;
    }
    return hit(pattern, path, is_folder);
  });
}

}  // namespace devinit::supervisor
