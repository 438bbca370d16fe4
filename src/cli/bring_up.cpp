#include "cli/bring_up.hpp"

#include <algorithm>

#include "cli/lease_view.hpp"
#include "cli/log_group.hpp"
#include "cli/prepare.hpp"
#include "cli/reload_summary.hpp"
#include "cli/sanitize.hpp"
#include "cli/status_source.hpp"
#include "cli/targets.hpp"
#include "cli/task_fingerprint.hpp"
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
  TRY_ASSIGN(plan->targets, resolve_targets(plan->config, context.arguments.targets, context.arguments.supervision.profiles));
  if (const auto& source = context.arguments.supervision.exit_code_from; !source.empty()) {
    TRY_ASSIGN(const auto service, exit_code_source(plan->config, source));
    plan->targets = with_target(plan->config, std::move(plan->targets), service);
  }
  plan->services = services_to_start(plan->config, plan->targets);
  TRY(prepare_services(plan->project, plan->services, context.arguments, context.output, interrupts));
  return plan;
}

Result<api::Request> start_request(const Context& context, const StartPlan& plan, api::Request::Op op) {
  api::Request request;
  request.op = op;
  request.targets = plan.targets;
  request.environment = context.environment;
  // Who names a task in a restart wants it to run.
  const auto again = op == api::Request::Op::restart ? plan.targets : std::vector<std::string>();
  TRY_ASSIGN(request.fingerprints, task_fingerprints(plan.services, plan.project.root(), again));
  TRY_ASSIGN(request.registry, registry_view(context, plan.project, plan.config));
  return request;
}

std::vector<std::string> concerned_services(const StartPlan& plan) {
  std::vector<std::string> names;
  if (plan.targets.empty()) return names;
  for (const auto* service : with_dependencies(plan.config, plan.targets)) names.push_back(service->name);
  return names;
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

namespace {

/// The targets that had nothing to do: tasks of `run: once` that were done in an earlier start.
void tell_done_tasks(const StartPlan& plan, const engine::ProjectSnapshot& project, Output& output) {
  for (const auto& name : plan.targets) {
    const auto* task = plan.config.find(name);
    const auto found = std::ranges::find(project.services, name, &engine::ServiceSnapshot::name);
    const bool once = task != nullptr && task->kind == config::ServiceKind::task && task->run == config::TaskRun::once;
    if (!once || found == project.services.end() || found->state != engine::State::completed || found->timeline.spawned != 0) continue;
    output.say(sanitized(name + " has been done already; devinit restart " + name + " runs it again"));
  }
}

/// Sends the request of `op` and waits for its end; nothing is printed of that.
Result<api::Done> carry_out(const Context& context, const StartPlan& plan, Operation& operation, api::Request::Op op) {
  const LogGroup group(context, api::to_string(op));
  TRY_ASSIGN(const auto request, start_request(context, plan, op));
  TRY(operation.begin(request));
  return operation.wait_done();
}

int exit_code(const Operation& operation, int code) {
  return operation.interrupted() && code != 0 ? os::Interrupts::exit_code() : code;
}

bool prints(const Output& output) { return !output.style().quiet && !output.style().json; }

}  // namespace

Result<int> start_and_wait(const Context& context, api::Request::Op op) {
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto plan, plan_start(context, interrupts));
  Operation operation(plan->project, context.output, interrupts, make_resolver(context, &plan->config, interrupts.fd()), true);
  operation.only(concerned_services(*plan));
  TRY_ASSIGN(const auto done, carry_out(context, *plan, operation, op));
  const int code = report(done, context.output);
  if (code == 0 && prints(context.output)) {
    if (op == api::Request::Op::start) tell_done_tasks(*plan, done.project, context.output);
    print_urls(*plan, done.project, operation.progress(), context.output);
  }
  if (code != 0) operation.leave(done.project);
  return exit_code(operation, code);
}

Result<int> reload_and_wait(const Context& context) {
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto project, context.project());
  const auto run = read_last_run(project);
  if (!run.lock_held) {
    TRY_ASSIGN(const auto config, load_config(project));  // its mistakes are as welcome here
    context.output.say("nothing runs here: the next start reads the configuration as it is");
    if (context.arguments.json) context.output.data(summary_json({}));
    return 0;
  }
  TRY_ASSIGN(const auto plan, plan_start(context, interrupts));
  const auto before = current_snapshot(project, run);
  Operation operation(plan->project, context.output, interrupts, make_resolver(context, &plan->config, interrupts.fd()), true);
  TRY_ASSIGN(const auto done, carry_out(context, *plan, operation, api::Request::Op::reload));
  const int code = report(done, context.output);
  const auto summary = reload_summary(before, done.project);
  if (context.arguments.json) context.output.data(summary_json(summary));
  if (prints(context.output)) {
    for (const auto& line : summary_lines(summary)) context.output.data(sanitized(line));
  }
  if (code != 0) operation.leave(done.project);
  return exit_code(operation, code);
}

}  // namespace devinit::cli
