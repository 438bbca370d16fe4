#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/duration.hpp"
#include "base/port.hpp"
#include "config/port_rules.hpp"

namespace devinit::config {

/// Where a preferred port comes from: the order of the choice (docs/configuration.md) and what `status` tells.
enum class PortSource { hand_set, config, remembered, preset, automatic };
/// "hand-set in .ports.json", "devinit.json", "remembered", "default", "automatic".
[[nodiscard]] const char* describe(PortSource source) noexcept;

/// One port of a service as the configuration asks for it.
struct PortSpec {
  std::optional<Port> prefer;      ///< nothing: "auto"
  std::optional<PortRange> range;  ///< fallbacks stay inside it
  bool whole_range = false;        ///< fallbacks are searched from the start of `range`, wherever `prefer` lies
  bool strict = false;             ///< busy is an error, never the next port
  std::string host;                ///< address the service binds; empty: not said
  PortSource source = PortSource::config;  ///< `config` or `preset`
};

enum class ReadyKind { port, http, none };
struct ReadySpec {
  ReadyKind kind = ReadyKind::port;  ///< `none` only for services without a port: ready once running
  std::string http_path;
  int http_status = 0;               ///< 0: any 2xx or 3xx
  Millis timeout{1000};              ///< of one http attempt
  Millis period{100};                ///< between http attempts
  Millis deadline{60'000};           ///< of the whole start
};

enum class StopTarget { leader, group, tree };
struct StopSpec {
  int signal = 15;
  Millis grace{5000};
  StopTarget to = StopTarget::group;
};

enum class RestartPolicy { on_failure, always, never };
struct RestartSpec {
  RestartPolicy policy = RestartPolicy::on_failure;
  int max = 5;                  ///< failures in a row, then Failed
  std::vector<int> never_on;    ///< exit codes that must not restart
};

struct LogSpec {
  std::uint64_t max_size = 10ULL << 20;
  int keep = 5;
};

/// How to make a fresh clone runnable: decided by the preset, run by the CLI.
struct PrepareSpec {
  bool needed = false;
  std::string missing;   ///< "node_modules", ".venv": what was looked for in `cwd`
  std::string command;   ///< "npm ci", "uv sync", …; runs by `sh -c` in the service's cwd
};

/// A string goes to `sh -c`, an array is exec'd.
using Command = std::variant<std::string, std::vector<std::string>>;

enum class ServiceKind { service, external };

struct ServiceConfig {
  std::string name;
  ServiceKind kind = ServiceKind::service;
  Command command;                          ///< templates not yet filled
  std::string cwd;                          ///< relative to the root, "" = the root
  std::optional<PortSpec> port;             ///< nothing: a worker without a port
  std::vector<std::pair<std::string, PortSpec>> ports;  ///< further named ports, in order
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> env_files;       ///< relative to the root
  ReadySpec ready;
  StopSpec stop;
  RestartSpec restart;
  LogSpec log;
  std::vector<std::string> depends_on;      ///< each must be ready
  std::string preset;                       ///< name of the preset that filled it, or empty
  PrepareSpec prepare;
  bool disabled = false;
  int input_of = 0;                         ///< its stdin is that of this process; 0: it has none, but a pipe that never ends
};

enum class ConflictRule { ask, kill, next, fail };

/// Everything the user asked for, validated: names resolve, no dependency cycle, no port twice.
struct ProjectConfig {
  std::string name;
  std::string file;      ///< "devinit.json", or empty when detected
  std::vector<ServiceConfig> services;      ///< in file or detection order
  std::vector<std::pair<std::string, std::string>> runtime_env;
  std::optional<ConflictRule> on_conflict;
  PortRules port_rules;                     ///< "ports", as it is written
  std::optional<PortRange> automatic_range; ///< `port_rules.range`
  std::vector<Port> denied_ports;           ///< every single port of `port_rules.deny`, in order

  [[nodiscard]] const ServiceConfig* find(const std::string& name) const noexcept;
};

/// `backend` → "BACKEND", `my-api.v2` → "MY_API_V2": the prefix of a service's variables.
[[nodiscard]] std::string variable_prefix(const std::string& service);

}  // namespace devinit::config
