#pragma once

#include <string_view>

namespace devinit::config {

/// Shipped defaults, compiled in from the folder `config/` at the top of the repository.
[[nodiscard]] std::string_view presets_json() noexcept;  ///< config/presets.json
[[nodiscard]] std::string_view schema_json() noexcept;   ///< config/devinit.schema.json
[[nodiscard]] std::string_view user_config_schema_json() noexcept;  ///< config/user-config.schema.json
[[nodiscard]] std::string_view shared_daemons_txt() noexcept;  ///< config/shared_daemons.txt
[[nodiscard]] std::string_view run_flags_json() noexcept;      ///< config/run_flags.json

}  // namespace devinit::config
