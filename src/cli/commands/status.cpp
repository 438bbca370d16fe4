#include <algorithm>

#include "api/messages.hpp"
#include "cli/clock_time.hpp"
#include "cli/commands/commands.hpp"
#include "cli/render_status.hpp"
#include "cli/status_source.hpp"
#include "cli/targets.hpp"

namespace devinit::cli {
namespace {

/// Leaves the services of the profiles.
Result<> keep_profiles(const Context& context, const Project& project, engine::ProjectSnapshot& snapshot) {
  const auto& profiles = context.arguments.supervision.profiles;
  if (profiles.empty()) return {};
  TRY_ASSIGN(const auto config, load_config(project));
  TRY_ASSIGN(const auto kept, resolve_targets(config, {}, profiles));
  std::erase_if(snapshot.services, [&](const auto& service) { return std::ranges::find(kept, service.name) == kept.end(); });
  return {};
}

}  // namespace

Result<int> run_status(const Context& context) {
  TRY_ASSIGN(const auto project, context.project());
  TRY_ASSIGN(auto answer, read_status(project));
  TRY(keep_profiles(context, project, answer.project));
  const auto now = seconds_now();
  if (answer.warning) context.output.warn("the configuration has mistakes: " + answer.warning->message);
  if (context.arguments.json) {
    context.output.data(api::encode_status(answer.project, now));
  } else {
    for (const auto& line : render_status(answer.project, now, context.output)) context.output.data(line);
    if (answer.project.services.empty()) context.output.say("no services here; devinit start tells what was looked for");
  }
  return status_exit_code(answer.project);
}

}  // namespace devinit::cli
