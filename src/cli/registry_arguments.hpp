#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"

namespace devinit::cli {

/// `devinit ports …`
enum class PortsCommand { list, get, release, check, stats, gc, reserve, import, export_, whose, watch };

/// `--role NAME=START[:STEP]`.
struct RoleOption {
  std::string name;
  Port start = 0;
  Port step = 1;
};

struct PortsArguments {
  PortsCommand command = PortsCommand::list;
  std::string model;                    ///< get, release; filter of list
  std::optional<std::int64_t> app;      ///< get, release; filter of list: decimal, 1 or more
  std::string batch;                    ///< get: file, or "-"
  std::vector<RoleOption> roles;        ///< get; empty: backend and frontend
  std::string pool;                     ///< get; filter of list
  bool env = false;                     ///< get: NAME=value lines
  bool probe = true;                    ///< get: --no-probe
  bool live = false;                    ///< list
  bool all_hosts = false;               ///< list, export
  std::string kind;                     ///< filter of list: project, app, reserved
  std::string role;                     ///< filter of list
  std::string project;                  ///< release, list: a folder
  std::string name;                     ///< reserve --for; release --reserved
  std::optional<PortRange> range;       ///< reserve; filter of list; whose: of one
  bool fix = false;                     ///< check
  bool dry_run = false;                 ///< gc
  std::string file;                     ///< import; export (empty: stdout)
};

/// `devinit scaffold TEMPLATE DEST …`, `scaffold check ROOT`, `scaffold fix PATH`, `scaffold list`.
enum class ScaffoldCommand { create, check, fix, list };
struct ScaffoldArguments {
  ScaffoldCommand command = ScaffoldCommand::create;
  std::string template_name;  ///< a folder, or the name of a built-in template
  std::string path;           ///< DEST, ROOT or APP
  std::string model;
  std::int64_t app = 0;
  std::vector<std::pair<std::string, std::string>> set;  ///< in order; a name twice is a usage error
  bool dry_run = false;
  bool overwrite = false;
};

/// `devinit run [--name N] [--port P] [--range A-B] [--strict] [--host H] -- COMMAND…`
struct RunArguments {
  std::string name;
  std::optional<Port> port;
  std::optional<PortRange> range;
  bool strict = false;
  std::string host;
  std::vector<std::string> command;  ///< as it was typed; never empty
};

/// The command line as the parser left it.
struct RegistryWords;
/// Every value checked, nothing done. Errc::usage for what is missing, given twice, empty, or no number, with a hint.
[[nodiscard]] Result<PortsArguments> read_ports_arguments(const RegistryWords& words);
[[nodiscard]] Result<ScaffoldArguments> read_scaffold_arguments(const RegistryWords& words);
[[nodiscard]] Result<RunArguments> read_run_arguments(const RegistryWords& words);

}  // namespace devinit::cli
