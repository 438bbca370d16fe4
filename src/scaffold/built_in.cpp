#include <algorithm>
#include <set>

#include "scaffold/embedded.hpp"
#include "scaffold/template_tree.hpp"

namespace devinit::scaffold {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;

/// The folders on the way to a file come before it, each once: only files are compiled in.
void add_folders(Template& made, std::set<std::string>& known, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (!known.insert(folder).second) continue;
    TemplateEntry entry;
    entry.path = folder;
    entry.kind = os::TreeEntry::Kind::folder;
    entry.mode = kFolderMode;
    made.entries.push_back(std::move(entry));
  }
}

}  // namespace

const std::vector<BuiltInTemplate>& built_in_templates() {
  static const std::vector<BuiltInTemplate> kTemplates{
      {"react-flask", "Flask backend, Vite + React frontend, compose file"},
  };
  return kTemplates;
}

std::optional<Template> built_in_template(const std::string& name) {
  if (std::ranges::find(built_in_templates(), name, &BuiltInTemplate::name) == built_in_templates().end()) return std::nullopt;
  Template made{name, {}, kFolderMode, {}, std::nullopt};
  std::set<std::string> folders;
  for (const auto& file : template_files()) {
    if (!file.path.starts_with(name + "/")) continue;
    TemplateEntry entry;
    entry.path = file.path.substr(name.size() + 1);
    entry.mode = kFileMode;
    entry.content = file.content;
    if (!is_text(file.content)) entry.how = TemplateEntry::Content::verbatim;
    add_folders(made, folders, entry.path);
    made.entries.push_back(std::move(entry));
  }
  return made;
}

}  // namespace devinit::scaffold
