#include "os/open_folder.hpp"

#include <dirent.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace devinit::os {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

std::optional<std::vector<std::string>> take_names(UniqueFd fd) {
  if (!fd.valid()) return std::nullopt;
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(fd.get()));
  if (!folder) return std::nullopt;
  static_cast<void>(fd.release());  // the stream's from here on
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::vector<std::string>> names_in(int folder) {
  return take_names(UniqueFd(::openat(folder, ".", kPlainFolder)));
}

}  // namespace devinit::os
