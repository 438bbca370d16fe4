#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "config/config_file.hpp"
#include "config/project_config.hpp"
#include "config/templates.hpp"

namespace devinit::config {

/// What the command line of `devinit run` says; it comes before every variable.
struct RunOptions {
  std::optional<Port> port = {};                 ///< --port
  std::optional<PortRange> range = {};           ///< --range: another port of it is fine
  bool strict = false;                           ///< --strict: this port or none
  std::string host = {};                         ///< --host; empty: not said
  std::optional<ConflictRule> on_conflict = {};  ///< --on-conflict
};

/// How one server is run, checked and complete.
struct RunSettings {
  static constexpr Port kDefaultPort = 5050;
  static constexpr PortRange kDefaultRange{5050, 5100};  ///< both ends included

  Port port = kDefaultPort;
  std::string port_origin;  ///< "--port", "PORT from .env:3", "default": where the number comes from
  bool port_named = false;  ///< somebody said the number
  bool auto_find = false;   ///< busy: search `range` from its start; else busy is the end
  PortRange range = kDefaultRange;
  std::string host = "127.0.0.1";        ///< an address literal, or localhost
  std::optional<std::string> log_level;  ///< in lower case; nothing: not said
  std::optional<bool> debug;
  std::optional<bool> reload;
};

/// `--port`, else what `environment` says, else `env_file`, else 5050; where API_PORT and PORT stand together the first one counts, and they must
/// not differ. AUTO_FIND_PORT, PORT_RANGE_START, PORT_RANGE_END, HOST, LOG_LEVEL, DEBUG, RELOAD. A variable of `environment` hides that of
/// `env_file` (called ".env" in messages; of one that stands there twice the last counts), and an empty one is as good as none. All mistakes at
/// once, one line each, with the place that each value comes from: Errc::config.
[[nodiscard]] Result<RunSettings> read_run_settings(const RunOptions& options, const Variables& environment,
                                                    const std::vector<EnvEntry>& env_file);

}  // namespace devinit::config
