#pragma once

#include <set>
#include <string>
#include <vector>

#include "api/state_file.hpp"
#include "base/duration.hpp"
#include "os/process.hpp"

namespace devinit::supervisor {

/// What a sweep did, for people: "12345 (python3 server.py)" each.
struct SweepReport {
  std::vector<std::string> ended;
  std::vector<std::string> survivors;  ///< not ours to end, or unkillable
};

/// Ends what an earlier supervisor has left behind: it and guardians were killed together. Survivors are found by their recorded identity, by
/// DEVINIT_COOKIE in their environment, by the session of a guardian and the process group of a service, and as descendants of any of these. Waits
/// for guardians that are still at work, then SIGTERM, at most `grace`, SIGKILL, at most 10 s. Shared daemons are left alone.
/// Blocks: for start-up only.
[[nodiscard]] SweepReport sweep(const api::StateFile& state, Millis grace);

/// The orphans of a killed guardian: our own descendants that belong to no living guardian and are not in `spared`.
[[nodiscard]] std::vector<os::ProcessIdentity> orphans_of_lost_guardians(const std::vector<os::ProcessIdentity>& living_guardians,
                                                                         const std::set<pid_t>& spared);

}  // namespace devinit::supervisor
