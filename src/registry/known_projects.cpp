#include <algorithm>
#include <string>

#include "os/file_system.hpp"
#include "os/files.hpp"
#include "registry/state.hpp"

namespace devinit::registry {
namespace {

std::string list_path(const Location& location) { return location.target + ".projects"; }

}  // namespace

std::vector<std::string> known_projects(const Location& location) {
  std::vector<std::string> roots;
  if (location.backend != Location::Backend::sqlite) return roots;
  const auto text = os::read_text_file(list_path(location));
  if (!text) return roots;
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\n', at), text->size());
    if (end > at) roots.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return roots;
}

void remember_project(const Location& location, const std::string& root) {
  if (location.backend != Location::Backend::sqlite || root.find('\n') != root.npos) return;
  auto roots = known_projects(location);
  if (std::find(roots.begin(), roots.end(), root) != roots.end()) return;
  std::erase_if(roots, [](const std::string& known) { return !os::is_directory(known); });
  std::string text;
  for (const std::string& known : roots) text += known + '\n';
  const std::string folder = location.target.substr(0, location.target.rfind('/') + 1);
  static_cast<void>(
      os::replace_file(list_path(location), text + root + '\n', os::mode_of_new_file(folder), os::Durable::no, os::Links::refuse));
}

}  // namespace devinit::registry
