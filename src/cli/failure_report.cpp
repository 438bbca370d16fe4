#include "cli/failure_report.hpp"

#include "cli/sanitize.hpp"
#include "os/files.hpp"

namespace devinit::cli {

void report_failure(const api::Failure& failure, Output& output) {
  output.insist(output.talk_colored(Color::red, "devinit: error:") + " " + sanitized(failure.service + " failed: " + failure.reason));
  for (const auto& line : failure.log_tail) output.insist("    | " + sanitized_log_line(line, LogColors::drop));
}

api::Failure failure_of(const Project& project, const engine::ServiceSnapshot& service) {
  constexpr std::size_t kLines = 20;
  api::Failure failure;
  failure.service = service.name;
  failure.reason = service.detail;
  failure.log_tail = os::tail_lines(project.paths.logs + "/" + service.name + ".log", kLines);
  return failure;
}

}  // namespace devinit::cli
