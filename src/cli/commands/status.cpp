#include <chrono>

#include "api/messages.hpp"
#include "cli/commands/commands.hpp"
#include "cli/render_status.hpp"
#include "cli/status_source.hpp"

namespace devinit::cli {

Result<int> run_status(const Context& context) {
  TRY_ASSIGN(const auto project, context.project());
  TRY_ASSIGN(const auto answer, read_status(project));
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
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
