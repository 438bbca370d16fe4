#pragma once

#include <string>
#include <vector>

#include "engine/snapshot.hpp"

namespace devinit::cli {

/// What a `reload` did, by the names of services, each in the order of the configuration.
struct ReloadSummary {
  std::vector<std::string> restarted;
  std::vector<std::string> updated;  ///< runs on: what was edited concerns devinit alone
  std::vector<std::string> started;
  std::vector<std::string> ran;      ///< tasks that have completed
  std::vector<std::string> stopped;  ///< no longer in the configuration, or disabled
  std::vector<std::string> failed;   ///< the new version did not come up
  std::vector<std::string> stale;    ///< run with an outdated port of another one; may be in another list, too
};
/// By comparison. External services do not count. Pure.
[[nodiscard]] ReloadSummary reload_summary(const engine::ProjectSnapshot& before, const engine::ProjectSnapshot& after);

/// For people: "restarted backend, worker", "ran migrate", "failed web"; "nothing has changed" alone when everything runs as before.
[[nodiscard]] std::vector<std::string> summary_lines(const ReloadSummary& summary);
/// {"event":"reload","restarted":[name],"updated":[…],"started":[…],"ran":[…],"stopped":[…],"failed":[…],"stale":[…]} in one line.
[[nodiscard]] std::string summary_json(const ReloadSummary& summary);

}  // namespace devinit::cli
