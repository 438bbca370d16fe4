#include "scaffold/template_tree.hpp"

#include <algorithm>
#include <map>

#include "base/utf8.hpp"
#include "config/port_rules.hpp"
#include "os/files.hpp"
#include "scaffold/relative_path.hpp"

namespace devinit::scaffold {
namespace {

using Kind = os::TreeEntry::Kind;
using Patterns = std::vector<std::string>;

constexpr std::uint64_t kLargestTemplate = 1U << 30;  ///< in memory, large files not counted

bool is_left_out(const std::string& path) {
  return last_part(path) == ".git" || path == ".devinit" || path == ".env.runtime" || path == kVerbatimList;
}

Result<Patterns> read_verbatim_list(const std::string& folder) {
  const auto text = os::read_text_file(folder + "/" + std::string(kVerbatimList), folder);
  if (!text && text.error().problem == os::FileProblem::missing) return Patterns{};
  if (!text) return Error(Errc::config, folder + "/" + std::string(kVerbatimList) + " " + text.error().detail);
  Patterns patterns;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') patterns.emplace_back(line);
  }
  return patterns;
}

bool is_listed(const Patterns& patterns, const std::string& path) {
  return std::ranges::any_of(patterns, [&](const auto& pattern) { return config::matches(pattern, path); });
}

/// Puts the parts of `text` in front of `rest`, so that they are walked next.
void push_parts(std::vector<std::string>& rest, std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/'), text.size());
    if (end > 0 && text.substr(0, end) != ".") parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  rest.insert(rest.end(), parts.rbegin(), parts.rend());
}

std::string joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const auto& part : parts) path += (path.empty() ? "" : "/") + part;
  return path;
}

Result<> check_entries(const std::string& folder, const std::vector<os::TreeEntry>& entries) {
  for (const auto& entry : entries) {
    const std::string path = folder + "/" + entry.path;
    if (entry.kind == Kind::other) {
      return Error(Errc::refused, path + " " + entry.remark + ": a template holds files, folders and links");
    }
    if (entry.kind == Kind::link && leaves_tree(entries, entry.path)) {
      return Error(Errc::refused, path + " is a symbolic link to " + entry.target + ", outside the template",
                   "put a copy of it into the template, or a link to something in it");
    }
  }
  return {};
}

Result<TemplateEntry> read_entry(const os::FolderTree& tree, const os::TreeEntry& entry, const Patterns& verbatim) {
  using Content = TemplateEntry::Content;
  TemplateEntry made{entry.path, entry.kind, entry.mode, {}, Content::text, entry.target};
  if (entry.kind != Kind::file) return made;
  if (entry.size > kLargestText) {
    made.how = Content::large;
    return made;
  }
  TRY_ASSIGN(made.content, tree.read(entry.path, kLargestText));
  if (!is_text(made.content) || is_listed(verbatim, entry.path)) made.how = Content::verbatim;
  return made;
}

}  // namespace

bool is_text(std::string_view content) noexcept {
  constexpr std::size_t kHead = 8U << 10;
  if (content.substr(0, kHead).find('\0') != std::string_view::npos) return false;
  for (std::size_t at = 0; at < content.size();) {
    if (static_cast<unsigned char>(content[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto point = decode_utf8(content, at);
    if (!point) return false;
    at += point->length;
  }
  return true;
}

bool leaves_tree(const std::vector<os::TreeEntry>& entries, const std::string& path) {
  std::map<std::string, std::string_view> links;
  for (const auto& entry : entries) {
    if (entry.kind == Kind::link) links.emplace(entry.path, entry.target);
  }
  constexpr int kMostLinks = 40;  // as the kernel
  int followed = 0;
  std::vector<std::string> place;  // resolved so far, from the root
  std::vector<std::string> rest;   // still to be walked, the next part at its end
  push_parts(rest, path);
  while (!rest.empty()) {
    const std::string part = std::move(rest.back());
    rest.pop_back();
    if (part == "..") {
      if (place.empty()) return true;
      place.pop_back();
      continue;
    }
    place.push_back(part);
    const auto link = links.find(joined(place));
    if (link == links.end()) continue;
    if (link->second.starts_with('/') || ++followed > kMostLinks) return true;
    place.pop_back();
    push_parts(rest, link->second);
  }
  return false;
}

Result<Template> read_template(const std::string& folder, const std::string& shown) {
  const auto root = os::real_path(folder);
  if (!root)
    return Error(Errc::usage, "there is no template " + shown,
                 "`devinit scaffold list` shows the built-in ones; a folder is one, too");
  if (!os::is_directory(*root)) return Error(Errc::usage, "the template " + shown + " is not a folder");
  TRY_ASSIGN(auto tree, os::FolderTree::open(*root));
  TRY_ASSIGN(const auto entries, tree.list(is_left_out));
  TRY(check_entries(*root, entries));
  TRY_ASSIGN(const auto verbatim, read_verbatim_list(*root));
  Template made{shown, *root, tree.mode(), {}, std::nullopt};
  std::uint64_t size = 0;
  for (const auto& entry : entries) {
    size += entry.kind == Kind::file && entry.size <= kLargestText ? entry.size : 0;
    if (size > kLargestTemplate) return Error(Errc::refused, "the template " + shown + " holds more than 1 GB of files");
    TRY_ASSIGN(auto read, read_entry(tree, entry, verbatim));
    made.entries.push_back(std::move(read));
  }
  made.tree.emplace(std::move(tree));
  return made;
}

}  // namespace devinit::scaffold
