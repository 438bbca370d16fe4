#include "scaffold/app_folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "os/files.hpp"
#include "scaffold/relative_path.hpp"

namespace devinit::scaffold {
namespace {

constexpr int kDeepest = 5;  ///< below ROOT: generated/group/model/appN and a little
constexpr std::array kComposeNames{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"};

bool is_searched(const std::string& name) { return !name.starts_with('.') && name != "node_modules"; }

/// A link to a folder would be a second name of what is found anyway, or lead anywhere.
bool is_plain_folder(const std::string& path) {
  const auto real = os::real_path(path);
  return real && *real == path && os::is_directory(path);
}

/// Reads the files of one app; none of them is taken for missing unless it is.
class AppReader {
 public:
  explicit AppReader(const std::string& root) : root_(root) {}

  [[nodiscard]] std::optional<AppFile> read(const std::string& path) const {
    const std::string full = in_folder(root_, path);
    auto text = os::read_text_file(full, root_);
    if (!text && text.error().problem == os::FileProblem::missing) return std::nullopt;
    if (!text) return AppFile{path, {}, text.error().detail, {}};
    AppFile file{path, std::move(*text), {}, {}};
    const auto real = os::real_path(full);
    if (real && *real != full && is_inside(*real, root_)) file.target = real->substr(root_ == "/" ? 1 : root_.size() + 1);
    return file;
  }

  void add(std::vector<AppFile>& files, const std::string& path) const {
    if (auto file = read(path)) files.push_back(std::move(*file));
  }

  void add_env(AppFolder& app, const std::string& folder) const {
    add(app.env_files, in_folder(folder, ".env"));
    add(app.env_examples, in_folder(folder, ".env.example"));
  }

 private:
  const std::string& root_;
};

class Search {
 public:
  explicit Search(const KnownApps& known) : known_(known) {}

  void visit(const std::string& folder, int depth) {
    const auto names = os::list_directory(folder);
    const auto known = known_.find(folder);
    if (known != known_.end()) return places.push_back({folder, known->second});
    if (looks_like_app(names)) return places.push_back({folder, owner_by_path(folder)});
    if (depth == kDeepest) return;
    for (const auto& name : names) {
      const std::string path = in_folder(folder, name);
      if (is_searched(name) && is_plain_folder(path)) visit(path, depth + 1);
    }
  }

  std::vector<AppPlace> places;

 private:
  static bool looks_like_app(const std::vector<std::string>& names) {
    const auto has = [&](std::string_view name) { return std::ranges::binary_search(names, name); };
    return has(".env") || has(".env.example") || std::ranges::any_of(kComposeNames, has);
  }

  const KnownApps& known_;
};

}  // namespace

const AppFile* AppFolder::env_of(const std::string& folder) const noexcept {
  const auto found = std::ranges::find(env_files, in_folder(folder, ".env"), &AppFile::path);
  return found == env_files.end() ? nullptr : &*found;
}

std::optional<AppOwner> owner_by_path(const std::string& path) {
  constexpr std::string_view kApp = "app";
  const std::string_view name = last_part(path);
  if (!name.starts_with(kApp) || name.size() == path.size() || name.size() == kApp.size() || name[kApp.size()] == '0')
    return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data() + kApp.size(), name.data() + name.size(), number);
  const std::string_view model = last_part(std::string_view(path).substr(0, path.size() - name.size() - 1));
  if (failure != std::errc() || end != name.data() + name.size() || number < 1 || model.empty()) return std::nullopt;
  return AppOwner(model, number);
}

Result<std::vector<AppPlace>> find_apps(const std::string& root, const KnownApps& known) {
  TRY_ASSIGN(const auto real, os::real_path(root));
  if (!os::is_directory(real)) return Error(Errc::usage, root + " is not a folder");
  Search search(known);
  search.visit(real, 0);
  return std::move(search.places);
}

AppFolder read_app(const AppPlace& place) {
  AppFolder app;
  app.root = place.root;
  app.owner = place.owner;
  const AppReader reader(app.root);
  for (const char* name : kComposeNames) reader.add(app.compose_files, name);
  app.devinit_json = reader.read("devinit.json");
  reader.add_env(app, "");
  for (const auto& name : os::list_directory(app.root)) {
    if (is_searched(name) && is_plain_folder(in_folder(app.root, name))) reader.add_env(app, name);
  }
  return app;
}

}  // namespace devinit::scaffold
