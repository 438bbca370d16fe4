#include "project/git_folder.hpp"

#include <string_view>

#include "os/files.hpp"

namespace devinit::project {
namespace {

std::string first_line(const std::string& path) {
  const auto text = os::read_text_file(path);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

std::string against(const std::string& base, const std::string& path) {
  return path.starts_with('/') ? path : base + "/" + path;
}

}  // namespace

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

std::string shared_git_folder(const std::string& root) {
  const auto repository = find_repository(root);
  if (!repository) return {};
  const auto real = os::real_path(repository->common_dir);
  return real ? *real : repository->common_dir;
}

}  // namespace devinit::project
