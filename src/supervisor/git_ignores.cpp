#include "supervisor/git_ignores.hpp"

#include <utility>

#include "os/files.hpp"
#include "project/git_folder.hpp"

namespace devinit::supervisor {

GitIgnores::GitIgnores(std::string root) : root_(std::move(root)) { reset(); }

void GitIgnores::reset() {
  ++version_;
  rules_ = {};
  added_.clear();
  above_.clear();
  const auto repository = project::find_repository(root_);
  if (!repository) return;
  read("", repository->common_dir + "/info/exclude");
  if (root_ == repository->top) return;
  above_ = root_.substr(repository->top.size() + 1) + "/";
  for (std::size_t slash = 0; slash != std::string::npos; slash = above_.find('/', slash + 1)) {
    const auto folder = above_.substr(0, slash);
    if (slash + 1 < above_.size()) read(folder, repository->top + "/" + folder + "/" + std::string(kFileName));
  }
}

void GitIgnores::add(const std::string& folder) {
  if (!added_.insert(folder).second) return;
  ++version_;
  auto in_repository = above_ + folder;
  if (in_repository.ends_with('/')) in_repository.pop_back();
  read(in_repository, root_ + "/" + folder + "/" + std::string(kFileName));
}

bool GitIgnores::ignores(const std::string& path, bool is_folder) const {
  if (latest_.version != version_ || latest_.is_folder != is_folder || latest_.path != path) {
    latest_ = {path, is_folder, version_, judge(path, is_folder)};
  }
  return latest_.ignored;
}

bool GitIgnores::judge(const std::string& path, bool is_folder) const {
  // A root that is ignored itself (a project in a scratch folder of another repository) would leave nothing to watch.
  if (above_.empty()) return rules_.ignores(path, is_folder);
  return !rules_.ignores(above_.substr(0, above_.size() - 1), true) && rules_.ignores(above_ + path, is_folder);
}

void GitIgnores::read(const std::string& folder, const std::string& file) {
  if (const auto text = os::read_text_file(file)) rules_.add(folder, *text);
}

}  // namespace devinit::supervisor
