#pragma once

#include <string>
#include <string_view>

namespace devinit::scaffold {

/// Paths relative to an app or a template, with "" for the app itself and no slash at either end.

/// "backend/.env" → "backend", ".env" → "".
[[nodiscard]] std::string folder_of(std::string_view path);
/// "backend/.env" → ".env".
[[nodiscard]] std::string_view last_part(std::string_view path) noexcept;
/// The file `name` of a folder.
[[nodiscard]] std::string in_folder(std::string_view folder, std::string_view name);
/// The absolute `path` is `folder` or something below it.
[[nodiscard]] bool is_inside(std::string_view path, std::string_view folder) noexcept;

}  // namespace devinit::scaffold
