#pragma once

#include <span>
#include <string_view>

namespace devinit::scaffold {

/// A file that is compiled in from the folder `templates/` at the top of the repository.
struct EmbeddedFile {
  std::string_view path;  ///< "react-flask/backend/app/api.py"
  std::string_view content;
};
/// All of them, sorted by path.
[[nodiscard]] std::span<const EmbeddedFile> template_files() noexcept;

}  // namespace devinit::scaffold
