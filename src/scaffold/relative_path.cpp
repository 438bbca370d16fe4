#include "scaffold/relative_path.hpp"

namespace devinit::scaffold {

std::string folder_of(std::string_view path) {
  const auto slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

std::string_view last_part(std::string_view path) noexcept { return path.substr(path.find_last_of('/') + 1); }

std::string in_folder(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return std::string(folder) + (folder.ends_with('/') ? "" : "/") + std::string(name);
}

bool is_inside(std::string_view path, std::string_view folder) noexcept {
  if (path == folder || folder == "/") return true;
  return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

}  // namespace devinit::scaffold
