#include "config/project_path.hpp"

#include <vector>

namespace devinit::config {

std::optional<std::string> inside_project(std::string_view path) {
  if (path.substr(0, 1) == "/") return std::nullopt;
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return std::nullopt;
    } else {
      parts.pop_back();
    }
  }
  std::string result;
  for (const auto part : parts) result.append(result.empty() ? "" : "/").append(part);
  return result;
}

}  // namespace devinit::config
