#include "scaffold/app_folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "os/files.hpp"

namespace devinit::scaffold {
namespace {

constexpr int kDeepest = 5;  ///< below ROOT: generated/group/model/appN and a little
constexpr std::array kComposeNames{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"};

std::string_view last_part(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

/// Only files of the app itself: a link out of it is not ours to judge or mend.
std::optional<AppFile> read_file(const std::string& root, const std::string& path) {
  auto text = os::read_text_file(root + "/" + path, root);
  if (!text) return std::nullopt;
  return AppFile{path, std::move(*text)};
}

void add_file(std::vector<AppFile>& files, const std::string& root, const std::string& path) {
  if (auto file = read_file(root, path)) files.push_back(std::move(*file));
}

bool is_searched(const std::string& name) { return !name.starts_with('.') && name != "node_modules"; }

class Search {
 public:
  explicit Search(const KnownApps& known) : known_(known) {}

  void visit(const std::string& folder, int depth) {
    const auto names = os::list_directory(folder);
    if (is_app(folder, names)) {
      apps.push_back(read(folder, names));
      return;
    }
    if (depth == kDeepest) return;
    for (const auto& name : names) {
      const std::string path = folder == "/" ? folder + name : folder + "/" + name;
      if (is_searched(name) && is_plain_folder(path)) visit(path, depth + 1);
    }
  }

  std::vector<AppFolder> apps;

 private:
  /// A link to a folder would be a second name of what is found anyway, or lead anywhere.
  static bool is_plain_folder(const std::string& path) {
    const auto real = os::real_path(path);
    return real && *real == path && os::is_directory(path);
  }

  [[nodiscard]] const KnownApps::value_type* known_at(const std::string& folder) const {
    const auto found = std::ranges::find(known_, folder, &KnownApps::value_type::first);
    return found == known_.end() ? nullptr : &*found;
  }

  [[nodiscard]] bool is_app(const std::string& folder, const std::vector<std::string>& names) const {
    const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
    return known_at(folder) != nullptr || has(".env") || has(".env.example") || std::ranges::any_of(kComposeNames, has);
  }

  [[nodiscard]] AppFolder read(const std::string& root, const std::vector<std::string>& names) const {
    AppFolder app;
    app.root = root;
    const auto* known = known_at(root);
    app.owner = known != nullptr ? std::optional(known->second) : owner_by_path(root);
    for (const char* name : kComposeNames) add_file(app.compose_files, root, name);
    app.devinit_json = read_file(root, "devinit.json");
    read_env(app, "");
    for (const auto& name : names) {
      if (is_searched(name) && os::is_directory(root + "/" + name)) read_env(app, name + "/");
    }
    return app;
  }

  static void read_env(AppFolder& app, const std::string& prefix) {
    add_file(app.env_files, app.root, prefix + ".env");
    add_file(app.env_examples, app.root, prefix + ".env.example");
  }

  const KnownApps& known_;
};

}  // namespace

const AppFile* AppFolder::env_of(const std::string& folder) const noexcept {
  const auto found = std::ranges::find(env_files, folder.empty() ? ".env" : folder + "/.env", &AppFile::path);
  return found == env_files.end() ? nullptr : &*found;
}

std::optional<std::pair<std::string, std::int64_t>> owner_by_path(const std::string& path) {
  constexpr std::string_view kApp = "app";
  const std::string_view name = last_part(path);
  if (!name.starts_with(kApp) || name.size() == path.size() || name.size() == kApp.size() || name[kApp.size()] == '0')
    return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data() + kApp.size(), name.data() + name.size(), number);
  const std::string_view model = last_part(std::string_view(path).substr(0, path.size() - name.size() - 1));
  if (failure != std::errc() || end != name.data() + name.size() || number < 1 || model.empty()) return std::nullopt;
  return std::pair(std::string(model), number);
}

Result<std::vector<AppFolder>> find_apps(const std::string& root, const KnownApps& known) {
  TRY_ASSIGN(const auto real, os::real_path(root));
  if (!os::is_directory(real)) return Error(Errc::usage, root + " is not a folder");
  Search search(known);
  search.visit(real, 0);
  return std::move(search.apps);
}

}  // namespace devinit::scaffold
