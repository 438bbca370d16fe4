#include "cli/bring_up.hpp"

#include <algorithm>

#include "cli/lease_view.hpp"
#include "cli/prepare.hpp"
#include "cli/sanitize.hpp"
#include "os/terminal.hpp"

namespace devinit::cli {
namespace {

/// "backend   http://localhost:8001" for each service of the plan that is ready.
void print_urls(const StartPlan& plan, const engine::ProjectSnapshot& project, const Progress& progress, Output& output) {
  const bool same_terminal = os::is_terminal(1);
  std::vector<const engine::ServiceSnapshot*> shown;
  std::size_t width = 0;
  for (const auto& service : project.services) {
    const auto in_plan = [&](const auto* planned) { return planned->name == service.name; };
    if (!service.ready || service.url.empty() || std::ranges::none_of(plan.services, in_plan)) continue;
    if (same_terminal && progress.shows(service.name)) continue;
    shown.push_back(&service);
    width = std::max(width, service.name.size());
  }
  for (const auto* service : shown) {
    output.data(sanitized(service->name) + std::string(width - service->name.size() + 2, ' ') +
                output.data_colored(Color::bold, sanitized(service->url)));
  }
}

}  // namespace

Result<std::unique_ptr<StartPlan>> plan_start(const Context& context, os::Interrupts& interrupts) {
  auto plan = std::make_unique<StartPlan>();
  TRY_ASSIGN(plan->project, context.project());
  TRY_ASSIGN(plan->config, load_config(plan->project));
  TRY_ASSIGN(const auto ports_file, load_ports_file(plan->project));
  TRY(check_targets(context.arguments.targets, service_names(plan->config)));
  plan->services = services_to_start(plan->config, context.arguments.targets);
  TRY(prepare_services(plan->project, plan->services, context.arguments, context.output, interrupts));
  return plan;
}

Result<api::Request> start_request(const Context& context, const StartPlan& plan, api::Request::Op op) {
  api::Request request;
  request.op = op;
  request.targets = context.arguments.targets;
  request.environment = context.environment;
  TRY_ASSIGN(request.registry, registry_view(context, plan.project, plan.config));
  return request;
}

ConflictResolver make_resolver(const Context& context, const config::ProjectConfig* config, int cancel_fd) {
  ConflictInputs inputs;
  inputs.command_line = context.arguments.on_conflict;
  inputs.force = context.arguments.force || context.arguments.yes;
  inputs.force_mode = context.arguments.force_mode;
  if (config != nullptr) inputs.configuration = config->on_conflict;
  inputs.can_ask = can_ask(context.environment);
  return ConflictResolver(context.output, conflict_rule(inputs), inputs.can_ask, cancel_fd);
}

Result<int> start_and_wait(const Context& context, api::Request::Op op) {
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto plan, plan_start(context, interrupts));
  Operation operation(plan->project, context.output, interrupts, make_resolver(context, &plan->config, interrupts.fd()), true);
  TRY_ASSIGN(const auto request, start_request(context, *plan, op));
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  const int code = report(done, context.output);
  if (code == 0 && !context.output.style().quiet && !context.output.style().json)
    print_urls(*plan, done.project, operation.progress(), context.output);
  if (code != 0) operation.leave(done.project);
  return operation.interrupted() && code != 0 ? exit_code_of(Errc::interrupted) : code;
}

}  // namespace devinit::cli
