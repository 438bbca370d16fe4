#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace devinit::scaffold {

/// (model, app number)
using AppOwner = std::pair<std::string, std::int64_t>;

/// A small text file of a generated app that says its ports and its name, as it was read.
struct AppFile {
  std::string path;  ///< relative to the app
  std::string text;
  std::string problem;  ///< why there is no text although something stands there: "is a FIFO", "Permission denied"
  std::string target;   ///< the file that `path` leads to by links inside the app, relative to it; empty: `path` itself

  /// What has to be written to change the file.
  [[nodiscard]] const std::string& real_path() const noexcept { return target.empty() ? path : target; }
};
struct AppFolder {
  std::string root;                   ///< real path
  std::optional<AppOwner> owner;      ///< as far as it can be told
  std::vector<AppFile> env_files;     ///< `.env` of the app and of its folders
  std::vector<AppFile> env_examples;  ///< `.env.example`, likewise
  std::vector<AppFile> compose_files;
  std::optional<AppFile> devinit_json;

  [[nodiscard]] const AppFile* env_of(const std::string& folder) const noexcept;
};

/// Where an app is known to be, by its real path.
using KnownApps = std::map<std::string, AppOwner>;

/// An app that is there, not read yet.
struct AppPlace {
  std::string root;  ///< real path
  std::optional<AppOwner> owner;
};

/// The apps below `root` (itself included), sorted by path: known checkouts, and folders that have a compose file, a `.env` or
/// a `.env.example`. An app is not searched for further ones; neither are hidden folders, linked ones and `node_modules`. The
/// owner is that of the checkout, else it is told by the folders' names, `MODEL/appN`. Errc::not_found, Errc::io, Errc::usage.
[[nodiscard]] Result<std::vector<AppPlace>> find_apps(const std::string& root, const KnownApps& known);

/// The app's files as they are now. Only what does not exist is missing: a file that cannot be read, is too long or leads out
/// of the app is there with its `problem`.
[[nodiscard]] AppFolder read_app(const AppPlace& place);

/// "generated/gpt-5/app3" → (gpt-5, 3).
[[nodiscard]] std::optional<AppOwner> owner_by_path(const std::string& path);

}  // namespace devinit::scaffold
