#include "supervisor/git_files.hpp"

#include <optional>
#include <string_view>
#include <vector>

#include "os/files.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::size_t kLargestIndex = 256U << 20;

struct Repository {
  std::string top;         ///< the work tree's root
  std::string git_dir;     ///< holds the index
  std::string common_dir;  ///< holds info/exclude
};

std::string first_line(const std::string& path) {
  const auto text = os::read_text_file(path);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

std::string against(const std::string& base, const std::string& path) {
  return path.starts_with('/') ? path : base + "/" + path;
}

/// `.git` is a folder, or in a worktree or submodule a file that names one.
std::optional<Repository> find_repository(const std::string& root) {
  for (std::string at = root;; at = at.substr(0, at.rfind('/'))) {
    const std::string dot_git = at + "/.git";
    if (os::is_directory(dot_git)) return Repository{at, dot_git, dot_git};
    if (os::is_regular_file(dot_git)) {
      constexpr std::string_view kPrefix = "gitdir: ";
      const auto line = first_line(dot_git);
      if (!line.starts_with(kPrefix)) return std::nullopt;
      const auto git_dir = against(at, line.substr(kPrefix.size()));
      const auto common = first_line(git_dir + "/commondir");
      return Repository{at, git_dir, common.empty() ? git_dir : against(git_dir, common)};
    }
    if (at.empty()) return std::nullopt;
  }
}

bool has_line(std::string_view text, std::string_view wanted) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    if (text.substr(at, end - at) == wanted) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

bool git_tracks(const std::string& root, const std::string& name) {
  const auto repository = find_repository(root);
  if (!repository) return false;
  const auto index = os::read_text_file(repository->git_dir + "/index", {}, kLargestIndex);
  if (!index) return false;
  const std::string path = root == repository->top ? name : root.substr(repository->top.size() + 1) + "/" + name;
  // Each entry ends with 16 bits of flags, whose low 12 are the length of the name, then the name and at least one NUL.
  const std::string needle = path + '\0';
  for (auto at = index->find(needle); at != std::string::npos; at = index->find(needle, at + 1)) {
    if (at < 2) continue;
    const auto high = static_cast<unsigned char>((*index)[at - 2]);
    const auto low = static_cast<unsigned char>((*index)[at - 1]);
    if (((high & 0x0fU) << 8 | low) == path.size()) return true;
  }
  return false;
}

Result<> exclude_from_git(const std::string& root) {
  const auto repository = find_repository(root);
  if (!repository) return {};
  const std::string path = repository->common_dir + "/info/exclude";
  const auto current = os::read_text_file(path);
  std::string text = current ? *current : std::string();
  bool changed = false;
  for (const std::string_view line : {".devinit/", ".ports.json", ".env.runtime"}) {
    if (has_line(text, line)) continue;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += line;
    text += '\n';
    changed = true;
  }
  if (!changed) return {};
  TRY(os::make_directories(repository->common_dir + "/info", 0755));
  return os::replace_file(path, text, 0644, os::Durable::no);
}

}  // namespace devinit::supervisor
