#include "config/project_folder.hpp"

#include <filesystem>

namespace devinit::config {

std::string normal_folder(const std::string& folder) {
  std::string text = std::filesystem::path(folder).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text == "." ? "" : text;
}

std::string join_path(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::vector<Ancestor> folder_and_ancestors(const std::string& folder) {
  std::string current = normal_folder(folder);
  std::vector<Ancestor> chain{{current, ""}};
  if (current == ".." || current.starts_with("../") || current.starts_with("/")) return chain;
  while (!current.empty()) {
    const std::size_t slash = current.rfind('/');
    current = slash == std::string::npos ? "" : current.substr(0, slash);
    chain.push_back({current, chain.back().way + "../"});
  }
  return chain;
}

}  // namespace devinit::config
