#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devinit::config {

/// The rules of .gitignore files (gitignore(5)): the last one that matches decides, `!` takes back, a trailing `/` means folders, a `/` elsewhere
/// binds the pattern to the file's folder. What lies in an ignored folder is ignored whatever is said about it.
class IgnoreRules {
 public:
  /// The text of a .gitignore in `folder` (relative to the root, "" = the root). Files of deeper folders are added after those above them.
  void add(const std::string& folder, std::string_view text);
  /// `path` relative to the root. Its parent folders are judged as well.
  [[nodiscard]] bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string folder;
    std::string pattern;  ///< for glob_matches, relative to `folder`
    bool negated = false;
    bool folders_only = false;
  };
  void add_line(const std::string& folder, std::string_view line);
  [[nodiscard]] bool verdict(std::string_view path, bool is_folder) const;
  [[nodiscard]] static bool applies(const Rule& rule, std::string_view path);

  std::vector<Rule> rules_;
};

}  // namespace devinit::config
