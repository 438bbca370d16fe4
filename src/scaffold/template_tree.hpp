#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/folder_tree.hpp"

namespace devinit::scaffold {

/// One thing that a template makes. Placeholders are still in it.
struct TemplateEntry {
  enum class Content {
    text,      ///< placeholders are replaced
    verbatim,  ///< byte for byte: binary, or listed in `.devinit-verbatim`
    large,     ///< verbatim, and copied from the disk when it is needed: `content` is empty
  };
  std::string path;
  os::TreeEntry::Kind kind = os::TreeEntry::Kind::file;
  mode_t mode = 0;
  std::string content;
  Content how = Content::text;
  std::string target;  ///< of a link
};

/// A template as it was read: nothing of it is asked from the disk again, except large files.
struct Template {
  std::string shown;  ///< as the user named it
  std::string root;   ///< real path; empty for a built-in one
  mode_t mode = 0755;
  std::vector<TemplateEntry> entries;  ///< each folder before its content
  std::optional<os::FolderTree> tree;  ///< where large files are
};

/// Larger files are never searched for placeholders: nobody writes them by hand.
inline constexpr std::size_t kLargestText = 8U << 20;
/// Which files keep their `{{…}}`, one pattern a line (`*` is any text, `#` begins a comment). It is not copied itself.
inline constexpr std::string_view kVerbatimList = ".devinit-verbatim";

/// Reads the folder `folder`. Left out: `.git`, wherever it is, the list above, and what devinit writes for itself (`.devinit`,
/// `.env.runtime` at the top). Errc::refused, naming it, for a FIFO, socket or device, and for a link that leads out of the
/// tree or is absolute (it would lead out of every copy); Errc::usage when there is no such folder.
[[nodiscard]] Result<Template> read_template(const std::string& folder, const std::string& shown);

/// A template that is compiled in, for `scaffold list`.
struct BuiltInTemplate {
  std::string_view name;
  std::string_view summary;
};
[[nodiscard]] const std::vector<BuiltInTemplate>& built_in_templates();
/// Nothing when there is none of that name.
[[nodiscard]] std::optional<Template> built_in_template(const std::string& name);

/// Text is UTF-8 without a NUL byte in its first 8 KiB; all else is binary.
[[nodiscard]] bool is_text(std::string_view content) noexcept;

/// Whether the link at `path` leads out of the tree, other links of the tree on its way included. A target that does not exist
/// is no reason; one that cannot be told (a circle) is.
[[nodiscard]] bool leaves_tree(const std::vector<os::TreeEntry>& entries, const std::string& path);

}  // namespace devinit::scaffold
