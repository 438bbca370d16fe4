#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/port.hpp"
#include "scaffold/dot_env.hpp"

namespace devinit::scaffold {

/// What makes one app differ from the next one of its template.
struct AppValues {
  std::string project_name;
  std::string model;
  std::int64_t app = 1;
  Port backend = 0;
  Port frontend = 0;
  std::vector<std::pair<std::string, std::string>> set;  ///< `--set`

  /// The value of a placeholder in the file at `path`, which decides about `port`; nothing for an unknown name, and for `port`
  /// in a file that lies on neither side.
  [[nodiscard]] std::optional<std::string> find(std::string_view name, std::string_view path) const;
  /// What devinit keeps right in the `.env` of the folder `folder` ("" is the app itself). `PORT` only where the folder has a
  /// side.
  [[nodiscard]] Variables env_variables(std::string_view folder) const;
};

/// PROJECT_NAME, model, app_num, backend_port, frontend_port, port: `--set` cannot set them.
[[nodiscard]] const std::vector<std::string>& own_names();

}  // namespace devinit::scaffold
