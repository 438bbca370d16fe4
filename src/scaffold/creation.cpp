#include "scaffold/creation.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "os/folder_tree.hpp"
#include "os/paths.hpp"
#include "os/staged_tree.hpp"
#include "scaffold/dot_env.hpp"
#include "scaffold/relative_path.hpp"

namespace devinit::scaffold {
namespace {

using Kind = os::TreeEntry::Kind;

/// An app that is replaced keeps what its template does not have.
class OldApp {
 public:
  [[nodiscard]] static Result<OldApp> open(const std::string& path) {
    TRY_ASSIGN(auto tree, os::FolderTree::open(path));
    TRY_ASSIGN(auto entries, tree.list());
    return OldApp(path, std::move(tree), std::move(entries));
  }

  /// The old `.env` brought up to date; the new one where there was none. One that cannot be read (a link) is an error: its
  /// lines would be lost.
  [[nodiscard]] Result<std::string> merged_env(const AppEntry& entry, const AppValues& values) const {
    if (std::ranges::find(entries_, entry.path, &os::TreeEntry::path) == entries_.end()) return entry.content;
    TRY_ASSIGN(const auto old, tree_.read(entry.path, kLargestText));
    auto text = merged(old, entry.content, root_ + "/" + entry.path, values.env_variables(folder_of(entry.path)));
    if (!text) return Error(Errc::refused, text.error().message, "its lines cannot be kept: mend it, or move it away first");
    return text;
  }

  /// The permissions that `path` has had, where they are the user's: those of a folder and of a `.env` with secrets in it.
  [[nodiscard]] mode_t mode_of(const std::string& path, mode_t fresh) const {
    const auto found = std::ranges::find(entries_, path, &os::TreeEntry::path);
    return found == entries_.end() ? fresh : found->mode;
  }
  [[nodiscard]] mode_t root_mode(mode_t fresh) const {
    std::error_code failed;
    const auto status = std::filesystem::status(root_, failed);
    return failed ? fresh : static_cast<mode_t>(status.permissions()) & 0777;
  }

  [[nodiscard]] Result<> check_kinds(const std::map<std::string, Kind>& fresh) const {
    for (const auto& entry : entries_) {
      const auto found = fresh.find(entry.path);
      if (found == fresh.end() || (entry.kind == Kind::folder) == (found->second == Kind::folder)) continue;
      return Error(Errc::refused,
                   root_ + "/" + entry.path + (entry.kind == Kind::folder ? " is a folder" : " is no folder") +
                       ", and the template has something else of that name",
                   "move it away first");
    }
    return {};
  }

  /// Gives the new tree whatever is not `fresh`.
  [[nodiscard]] Result<> hand_over(os::StagedTree& staged, const std::map<std::string, Kind>& fresh) const {
    for (const auto& entry : entries_) {
      if (fresh.contains(entry.path)) continue;
      TRY(entry.kind == Kind::folder ? staged.add_folder(entry.path, entry.mode) : staged.share(entry, tree_));
    }
    return {};
  }

  [[nodiscard]] const std::vector<os::TreeEntry>& entries() const noexcept { return entries_; }

 private:
  OldApp(std::string root, os::FolderTree tree, std::vector<os::TreeEntry> entries)
      : root_(std::move(root)), tree_(std::move(tree)), entries_(std::move(entries)) {}
  std::string root_;
  os::FolderTree tree_;
  std::vector<os::TreeEntry> entries_;
};

Result<> write_entry(os::StagedTree& staged, const AppEntry& entry, const Template& source, const OldApp* old,
                     const AppValues& values) {
  const TemplateEntry& from = *entry.from;
  if (from.kind == Kind::folder) return staged.add_folder(entry.path, old != nullptr ? old->mode_of(entry.path, from.mode) : from.mode);
  if (from.kind == Kind::link) return staged.add_link(entry.path, entry.target);
  if (from.how == TemplateEntry::Content::large) return staged.copy_file(entry.path, *source.tree, from.path, from.mode);
  if (entry.is_env && old != nullptr) {
    TRY_ASSIGN(const auto text, old->merged_env(entry, values));
    return staged.add_file(entry.path, text, old->mode_of(entry.path, from.mode));
  }
  return staged.add_file(entry.path, entry.bytes(), from.mode);
}

std::string lock_file(const std::string& app) { return app + "/.devinit/supervisor.lock"; }

Error services_run(const std::string& app) {
  return Error(Errc::refused, "services of " + app + " are running", "devinit -C '" + app + "' stop");
}

/// Nothing of the app starts as long as its supervisor's lock is ours. The file is shared by the old and the new folder.
Result<os::FileLock> keep_from_starting(const std::string& app) {
  os::ProjectPaths paths;
  paths.root = app;
  paths.data = app + "/.devinit";
  paths.logs = paths.data + "/logs";
  TRY(os::create_data_directories(paths));
  auto lock = os::FileLock::try_acquire(lock_file(app));
  if (!lock && lock.error().code == Errc::busy) return services_run(app);
  return lock;
}

Result<> check_replaceable(const std::string& path, bool overwrite) {
  const auto kind = os::kind_at(path);
  ASSERT(kind.has_value());
  if (*kind == Kind::link)
    return Error(Errc::refused, path + " is a symbolic link", "name the folder that it leads to, or a new one");
  if (*kind != Kind::folder)
    return Error(Errc::refused, path + " exists already and is a file", "name a folder that does not exist yet");
  if (!overwrite) {
    return Error(Errc::refused, path + " exists already",
                 "name a folder that does not exist yet; --overwrite writes the template's files anew and keeps all others");
  }
  if (os::FileLock::is_held(lock_file(path))) return services_run(path);
  const auto here = os::real_path(".");
  if (here && is_inside(*here, path))
    return Error(Errc::refused, path + " would be replaced under your feet", "leave it first: cd '" + path + "/..'");
  return {};
}

Result<Destination> split(const std::string& path) {
  std::string text = path;
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  const auto slash = text.find_last_of('/');
  ASSERT(slash != std::string::npos);
  Destination destination{slash == 0 ? "/" : text.substr(0, slash), text.substr(slash + 1), false};
  const auto& name = destination.name;
  if (name.empty() || name == "." || name == ".." || name.starts_with(os::StagedTree::kPrefix)) {
    return Error(Errc::usage, "`" + path + "` does not name a new folder", "give DEST a name of its own: ./my-app");
  }
  return destination;
}

}  // namespace

Result<Destination> check_destination(const std::string& path, bool overwrite, const Template& source) {
  TRY_ASSIGN(auto destination, split(path));
  if (!os::is_directory(destination.parent)) {
    const bool exists = os::path_exists(destination.parent);
    return Error(Errc::not_found, "the folder " + destination.parent + (exists ? " is a file" : " does not exist"),
                 exists ? "" : "mkdir -p '" + destination.parent + "'");
  }
  TRY_ASSIGN(destination.parent, os::real_path(destination.parent));
  const std::string real = destination.path();
  if (!source.root.empty() && is_inside(real, source.root)) {
    return Error(Errc::refused, real + " is inside the template " + source.root, "name a folder outside of it");
  }
  if (!source.root.empty() && is_inside(source.root, real)) {
    return Error(Errc::refused, "the template " + source.root + " is inside " + real, "name another folder");
  }
  if (os::kind_at(real)) {
    TRY(check_replaceable(real, overwrite));
    destination.replaces = true;
  }
  return destination;
}

Result<std::optional<std::string>> create(const Destination& destination, const Template& source,
                                          const std::vector<AppEntry>& entries, const AppValues& values) {
  std::map<std::string, Kind> fresh;
  for (const auto& entry : entries) fresh.emplace(entry.path, entry.from->kind);
  std::optional<os::FileLock> lock;
  std::optional<OldApp> old;
  if (destination.replaces) {
    TRY_ASSIGN(auto kept, keep_from_starting(destination.path()));
    lock.emplace(std::move(kept));
    TRY_ASSIGN(auto opened, OldApp::open(destination.path()));
    TRY(opened.check_kinds(fresh));
    old.emplace(std::move(opened));
  }
  TRY_ASSIGN(auto staged, os::StagedTree::create(destination.parent));
  for (const auto& entry : entries) TRY(write_entry(staged, entry, source, old ? &*old : nullptr, values));
  if (!old) {
    TRY(staged.appear_as(destination.name, source.mode));
    return std::optional<std::string>();
  }
  TRY(old->hand_over(staged, fresh));
  return staged.replace(destination.name, old->root_mode(source.mode), old->entries());
}

}  // namespace devinit::scaffold
