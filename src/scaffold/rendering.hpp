#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "scaffold/app_values.hpp"
#include "scaffold/template_tree.hpp"

namespace devinit::scaffold {

/// One thing of an app as it will be written.
struct AppEntry {
  std::string path;
  const TemplateEntry* from = nullptr;  ///< of the template, which outlives this
  std::string content;                  ///< of a text file; other files have theirs in `from`
  std::string target;                   ///< of a link
  bool is_env = false;                  ///< a `.env` that is made from its `.env.example`

  /// What is written into a file that is not `large`.
  [[nodiscard]] const std::string& bytes() const noexcept {
    return from->how == TemplateEntry::Content::text ? content : from->content;
  }
};

/// Every unknown placeholder of the names, links and text files, with file:line:column and suggestions: Errc::config. `values`
/// decides what is known; its ports and project name may be any.
[[nodiscard]] Result<> check_placeholders(const Template& source, const AppValues& values);

/// The template with these values, folders before their content; each `.env.example` has its `.env` beside it unless the
/// template has that itself. Errc::usage, all at once, for names that a value makes impossible (a `/` or control character in
/// it, empty, `.`, `..`, longer than 255 bytes), for two entries that get one name, and for a `.env.example` with mistakes.
[[nodiscard]] Result<std::vector<AppEntry>> render(const Template& source, const AppValues& values);

/// The names of `--set` that no placeholder asks for.
[[nodiscard]] std::vector<std::string> unused_names(const Template& source, const AppValues& values);

}  // namespace devinit::scaffold
