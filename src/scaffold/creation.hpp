#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "scaffold/app_values.hpp"
#include "scaffold/rendering.hpp"
#include "scaffold/template_tree.hpp"

namespace devinit::scaffold {

/// Where an app is made.
struct Destination {
  std::string parent;  ///< real path
  std::string name;
  bool replaces = false;  ///< a folder stands there, and its files may be overwritten
  [[nodiscard]] std::string path() const { return parent == "/" ? parent + name : parent + "/" + name; }
};

/// Whether an app can be made at `path` (absolute). Errc::refused when something stands there that may not be replaced (without
/// `overwrite` anything; with it all but a folder, and a folder whose services run), when template and destination are one in
/// the other, or when the caller's current folder would be replaced; Errc::not_found without the parent folder.
[[nodiscard]] Result<Destination> check_destination(const std::string& path, bool overwrite, const Template& source);

/// Writes the entries beside the destination and lets them appear there in one step. With `replaces` the old folder's other
/// files stay in the new one (the same inodes), a `.env` keeps its lines (`merged`), and the old folder goes only after the
/// exchange; no service of the app can start meanwhile. The answer is empty, or the path under which the old folder was kept,
/// with what programs wrote into it meanwhile and has no place in the new one. Nothing is changed on failure: Errc::refused for
/// a file that would become a folder or the reverse, services that run, and a `.env` with mistakes; Errc::busy when the
/// destination has come into being.
[[nodiscard]] Result<std::optional<std::string>> create(const Destination& destination, const Template& source,
                                                        const std::vector<AppEntry>& entries, const AppValues& values);

}  // namespace devinit::scaffold
