#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace devinit::scaffold {

/// The small text files of a generated app that say its ports and its name, as they were read.
struct AppFile {
  std::string path;  ///< relative to the app
  std::string text;
};
struct AppFolder {
  std::string root;                                           ///< real path
  std::optional<std::pair<std::string, std::int64_t>> owner;  ///< (model, app number), as far as it can be told
  std::vector<AppFile> env_files;                             ///< `.env` of the app and of its folders
  std::vector<AppFile> env_examples;                          ///< `.env.example`, likewise
  std::vector<AppFile> compose_files;
  std::optional<AppFile> devinit_json;

  [[nodiscard]] const AppFile* env_of(const std::string& folder) const noexcept;
};

/// Where an app is known to be: (real path, its owner).
using KnownApps = std::vector<std::pair<std::string, std::pair<std::string, std::int64_t>>>;

/// The apps below `root` (itself included), sorted by path: known checkouts, and folders that have a compose file, a `.env` or
/// a `.env.example`. An app is not searched for further ones; neither are hidden folders and `node_modules`. The owner is that
/// of the checkout, else it is told by the folders' names, `MODEL/appN`. Errc::not_found, Errc::io.
[[nodiscard]] Result<std::vector<AppFolder>> find_apps(const std::string& root, const KnownApps& known);

/// "generated/gpt-5/app3" → (gpt-5, 3).
[[nodiscard]] std::optional<std::pair<std::string, std::int64_t>> owner_by_path(const std::string& path);

}  // namespace devinit::scaffold
