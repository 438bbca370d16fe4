#include "cli/task_fingerprint.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/base_name.hpp"
#include "config/glob.hpp"
#include "os/files.hpp"
#include "os/folder_tree.hpp"
#include "os/hash.hpp"
#include "os/readable.hpp"

namespace devinit::cli {
namespace {

using os::TreeEntry;

/// Large, and nobody's source: a pattern like `**/*.sql` does not mean what is in them.
constexpr std::array<std::string_view, 4> kNotSearched{".git", ".devinit", "node_modules", ".venv"};

/// Each text with its length: "ab" and "c" are not "a" and "bc".
void add_text(os::RunningHash& hash, std::string_view text) {
  hash.add(std::to_string(text.size()));
  hash.add(":");
  hash.add(text);
}

void add_settings(os::RunningHash& hash, const config::ServiceConfig& task) {
  if (const auto* shell = std::get_if<std::string>(&task.command)) {
    add_text(hash, "shell");
    add_text(hash, *shell);
  } else {
    add_text(hash, "words");
    for (const auto& word : std::get<std::vector<std::string>>(task.command)) add_text(hash, word);
  }
  add_text(hash, task.cwd);
  for (const auto& [name, value] : task.env) {
    add_text(hash, name);
    add_text(hash, value);
  }
}

Result<> add_content(os::RunningHash& hash, const os::FolderTree& tree, const std::string& path) {
  TRY_ASSIGN(const auto file, tree.open_file(path));
  std::size_t size = 0;
  while (true) {
    TRY_ASSIGN(const auto piece, os::read_some(file.get()));
    if (piece.empty()) break;
    hash.add(piece);
    size += piece.size();
  }
  hash.add(":" + std::to_string(size));
  return {};
}

Result<> add_entry(os::RunningHash& hash, const os::FolderTree& tree, const TreeEntry& entry, const std::string& path) {
  switch (entry.kind) {
    case TreeEntry::Kind::file:
      add_text(hash, path);
      return add_content(hash, tree, entry.path);
    case TreeEntry::Kind::link:
      add_text(hash, path);
      add_text(hash, "-> " + entry.target);
      return {};
    case TreeEntry::Kind::folder:
    case TreeEntry::Kind::other:
      break;
  }
  return {};
}

/// The folder where a pattern can begin to match; its own text may end in a file's name.
std::string search_base(const std::string& pattern, const std::string& root) {
  std::string base = config::glob_base(pattern);
  while (!base.empty() && !os::is_directory(root + "/" + base)) {
    const auto slash = base.rfind('/');
    base = slash == std::string::npos ? std::string() : base.substr(0, slash);
  }
  return base;
}

Result<> add_matches(os::RunningHash& hash, const std::string& input, const std::string& root) {
  const auto pattern = os::is_directory(root + "/" + input) ? input + (input.ends_with('/') ? "**" : "/**") : input;
  const auto base = search_base(pattern, root);
  const auto prefix = base.empty() ? std::string() : base + "/";
  TRY_ASSIGN(const auto tree, os::FolderTree::open(base.empty() ? root : root + "/" + base));
  const auto skip = [&](const std::string& path) {
    const auto name = base_name(path);
    return std::ranges::find(kNotSearched, name) != kNotSearched.end() && pattern.find(name) == std::string::npos;
  };
  TRY_ASSIGN(auto entries, tree.list(skip));
  std::ranges::sort(entries, {}, &TreeEntry::path);
  for (const auto& entry : entries) {
    const auto path = prefix + entry.path;
    if (config::glob_matches(pattern, path)) TRY(add_entry(hash, tree, entry, path));
  }
  return {};
}

}  // namespace

Result<std::string> task_fingerprint(const config::ServiceConfig& task, const std::string& root) {
  os::RunningHash hash;
  add_settings(hash, task);
  for (const auto& pattern : task.inputs) {
    add_text(hash, pattern);
    if (const auto added = add_matches(hash, pattern, root); !added) {
      return Error(added.error().code, "`inputs` of " + task.name + ": " + added.error().message, added.error().hint);
    }
  }
  return hash.digits();
}

Result<std::map<std::string, std::string>> task_fingerprints(const std::vector<const config::ServiceConfig*>& services, const std::string& root,
                                                             const std::vector<std::string>& again) {
  std::map<std::string, std::string> fingerprints;
  for (const auto* service : services) {
    const bool once = service->kind == config::ServiceKind::task && service->run == config::TaskRun::once;
    if (!once || std::ranges::find(again, service->name) != again.end()) continue;
    TRY_ASSIGN(fingerprints[service->name], task_fingerprint(*service, root));
  }
  return fingerprints;
}

}  // namespace devinit::cli
