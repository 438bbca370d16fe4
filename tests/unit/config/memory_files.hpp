#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/project_files.hpp"

namespace devinit::config {

/// A project folder that exists only as a map from path to text: folders are what the paths imply.
class MemoryFiles final : public ProjectFiles {
 public:
  MemoryFiles(std::initializer_list<std::pair<const std::string, std::string>> files) : files_(files) {}

  MemoryFiles& with(const std::string& path, const std::string& text = "") {
    files_[path] = text;
    return *this;
  }
  MemoryFiles& with_command(const std::string& command) {
    commands_.insert(command);
    return *this;
  }

  [[nodiscard]] bool is_file(const std::string& path) const override { return files_.count(path) > 0; }
  [[nodiscard]] bool is_directory(const std::string& path) const override { return path.empty() || !list(path).empty(); }
  [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] Result<std::optional<std::string>> read_edited(const std::string& path) const override { return read(path); }
  [[nodiscard]] std::vector<std::string> list(const std::string& path) const override {
    const std::string prefix = path.empty() ? "" : path + "/";
    std::set<std::string> names;
    for (const auto& [file, text] : files_) {
      if (file.starts_with(prefix)) names.insert(file.substr(prefix.size(), file.find('/', prefix.size()) - prefix.size()));
    }
    return {names.begin(), names.end()};
  }
  [[nodiscard]] bool has_command(const std::string& command) const override { return commands_.count(command) > 0; }

 private:
  std::map<std::string, std::string> files_;
  std::set<std::string> commands_{"python3"};
};

}  // namespace devinit::config
