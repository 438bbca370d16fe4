#include "config/recognition.hpp"

#include <algorithm>

#include "config/node_package.hpp"
#include "config/project_folder.hpp"

namespace devinit::config {
namespace {

bool contains_any(const std::string& text, const std::vector<std::string>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& part) { return text.find(part) != std::string::npos; });
}

std::optional<std::string> file_that_shows(const Clue& clue, const std::string& folder, const ProjectFiles& files) {
  for (const std::string& file : clue.files) {
    const std::string path = join_path(folder, file);
    if (!files.is_file(path)) continue;
    if (clue.texts.empty()) return file;
    const std::optional<std::string> text = files.read(path);
    if (text && contains_any(*text, clue.texts)) return file;
  }
  return std::nullopt;
}

std::optional<std::string> script_that_shows(const Clue& clue, const NodePackage& package) {
  for (const std::string& name : clue.scripts) {
    const std::string* line = package.script(name);
    if (line != nullptr && (clue.script_runs.empty() || script_ends_in(*line, clue.script_runs))) return name;
  }
  return std::nullopt;
}

bool names_a_dependency(const Clue& clue, const NodePackage& package) {
  return clue.dependencies.empty() || std::any_of(clue.dependencies.begin(), clue.dependencies.end(),
                                                  [&](const std::string& name) { return package.depends_on(name); });
}

std::optional<Recognition> meet(const Clue& clue, const std::string& folder, const ProjectFiles& files,
                                const std::optional<NodePackage>& package) {
  Recognition recognition;
  if (!clue.files.empty()) {
    const std::optional<std::string> file = file_that_shows(clue, folder, files);
    if (!file) return std::nullopt;
    recognition.file = *file;
  }
  if (!clue.dependencies.empty() || !clue.scripts.empty()) {
    if (!package || !names_a_dependency(clue, *package)) return std::nullopt;
    const std::optional<std::string> script = script_that_shows(clue, *package);
    if (!clue.scripts.empty() && !script) return std::nullopt;
    recognition.script = script.value_or("");
  }
  return recognition;
}

std::optional<Recognition> recognise_in(const Preset& preset, const std::string& folder, const ProjectFiles& files,
                                        const std::optional<NodePackage>& package) {
  for (const Clue& clue : preset.clues) {
    if (std::optional<Recognition> recognition = meet(clue, folder, files, package)) return recognition;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Recognition> recognise_as(const Preset& preset, const std::string& folder, const ProjectFiles& files) {
  const std::string normal = normal_folder(folder);
  return recognise_in(preset, normal, files, read_node_package(normal, files));
}

const Preset* recognise(const std::string& folder, const ProjectFiles& files) {
  const std::string normal = normal_folder(folder);
  const std::optional<NodePackage> package = read_node_package(normal, files);
  for (const Preset& preset : presets()) {
    if (recognise_in(preset, normal, files, package)) return &preset;
  }
  return nullptr;
}

}  // namespace devinit::config
