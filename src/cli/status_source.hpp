#pragma once

#include <optional>

#include "api/state_file.hpp"
#include "base/result.hpp"
#include "cli/project.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// What is known about the last run of a project without asking anybody.
struct LastRun {
  enum class Trust {
    none,      ///< no state file, or one of another folder, boot or version
    live,      ///< the supervisor is alive: every word is true
    clean,     ///< it ended in order
    orphaned,  ///< it died: only process identities count
  };
  Trust trust = Trust::none;
  bool lock_held = false;
  std::optional<api::StateFile> state;  ///< unless `none`
};
[[nodiscard]] LastRun read_last_run(const Project& project);

/// True when a start or stop has to sweep: the last supervisor died without putting its house in order.
[[nodiscard]] bool needs_sweep(const LastRun& run) noexcept;

/// The services as `run` proves them, in the order of the state file, without a look at ports.
[[nodiscard]] engine::ProjectSnapshot derive_snapshot(const Project& project, const LastRun& run);

/// The services as they are now: derived, or told by a live supervisor whose file cannot be read.
[[nodiscard]] engine::ProjectSnapshot current_snapshot(const Project& project, const LastRun& run);

/// Adds services of the configuration that never ran (stopped, with the port they would get), puts all into configuration order,
/// says of what runs whether its configuration was edited since. Pure.
void add_configured(engine::ProjectSnapshot& snapshot, const config::ProjectConfig& config, const config::PortsFile* ports_file,
                    const config::PortsRecord* record);
/// Appends the passive keys of .ports.json as external services: those of no service that is shown, or that `config` (null: there is none) knows
/// without showing it, because it is disabled. Pure.
void add_passive(engine::ProjectSnapshot& snapshot, const config::ProjectConfig* config, const config::PortsFile& ports_file);

/// The whole answer of `status`: derived, completed by the configuration, and compared with who listens now. A configuration
/// that cannot be read is an error only when no supervisor runs; otherwise it ends in `warning`.
struct StatusAnswer {
  engine::ProjectSnapshot project;
  std::optional<Error> warning;
};
[[nodiscard]] Result<StatusAnswer> read_status(const Project& project);

}  // namespace devinit::cli
