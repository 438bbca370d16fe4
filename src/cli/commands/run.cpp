#include <algorithm>

#include "cli/old_runs.hpp"
#include "cli/operation.hpp"
#include "cli/run_failure.hpp"
#include "cli/run_observer.hpp"
#include "cli/run_place.hpp"
#include "config/run_command.hpp"
#include "config/run_file.hpp"
#include "os/files.hpp"
#include "os/log_generations.hpp"
#include "os/self.hpp"
#include "os/shared_input.hpp"
#include "os/spawn.hpp"

namespace devinit::cli {
namespace {

/// What the shells say for a command that does not exist, and for one that cannot be executed.
constexpr int kNoSuchCommand = 127;
constexpr int kNotExecutable = 126;

Result<config::EnvDocument> read_env_file(const std::string& root) {
  const auto text = os::read_text_file(root + "/.env");
  if (text) return config::read_env(*text, ".env");
  if (text.error().problem == os::FileProblem::missing) return config::EnvDocument();
  return Error(Errc::config, ".env " + text.error().detail, "replace it by a real file, or move it away");
}

config::RunOptions options_of(const Arguments& arguments) {
  const auto& run = arguments.run;
  return {run.port, run.range, run.strict, run.host, arguments.on_conflict};
}

/// All mistakes at once: in the lines of `.env`, and in the values.
Result<config::RunSettings> read_settings(const Context& context, const config::EnvDocument& env_file) {
  auto settings = config::read_run_settings(options_of(context.arguments), context.environment, env_file.entries);
  if (env_file.diagnostics.empty()) return settings;
  auto error = config::to_error(env_file.diagnostics);
  if (!settings) {
    error.message += "\n" + settings.error().message;
    error.hint = settings.error().hint;
  }
  return error;
}

/// Said before anything is started; what only exec(2) can tell comes later, with the same codes.
std::optional<int> refuse_missing_command(const Context& context, const Project& project,
                                          const std::vector<config::EnvEntry>& env_file) {
  const auto& command = context.arguments.run.command.front();
  auto environment = context.environment;
  for (const auto& entry : env_file) environment.try_emplace(entry.name, entry.value);
  if (!os::find_executable(command, environment, project.root()).empty()) return std::nullopt;
  const bool path = command.find('/') != std::string::npos;
  const auto file = command.starts_with('/') ? command : project.root() + "/" + command;
  if (path && os::path_exists(file)) {
    context.output.error(
        Error(Errc::failed, "cannot run `" + command + "`: it is " + (os::is_directory(file) ? "a folder" : "not executable"),
              os::is_directory(file) ? "" : "chmod +x " + command));
    return kNotExecutable;
  }
  const bool in_folder = !path && os::is_regular_file(project.root() + "/" + command);
  const auto hint = in_folder ? "it lies in this folder: ./" + command
                    : path    ? "relative to " + project.root()
                              : "is it installed, and its folder in PATH? in a virtual environment it is .venv/bin/" + command;
  context.output.error(
      Error(Errc::not_found, "cannot run `" + command + "`: there is no such command" + (path ? "" : " in PATH"), hint));
  return kNoSuchCommand;
}

/// Whose stdin the command reads: ours, when it is a pipe or a file. It opens it itself, so nothing has to be copied, and a producer
/// notices its end.
pid_t input_to_pass(const Context& context) {
  if (!os::has_input_to_share()) return 0;
  const auto opened = os::open_input_of(os::own_pid());
  if (opened) return os::own_pid();
  context.output.warn("the command does not get this standard input: " + opened.error().message);
  return 0;
}

config::RunFile run_file_of(const Context& context, const Project& project, const config::RunSettings& settings,
                            const RunWish& wish, const std::vector<config::EnvEntry>& env_file) {
  config::RunFile file;
  file.folder = project.root();
  file.input_of = input_to_pass(context);
  file.name = project.run;
  file.project = project.folder_name();
  file.command = config::run_words(context.arguments.run.command, settings);
  file.prefer = wish.prefer;
  file.range = settings.range;
  file.strict = !settings.auto_find;
  file.host = settings.host;
  file.env = {{"API_PORT", "{port}"}, {"HOST", settings.host}};
  for (const auto& [name, value] : config::run_environment()) {
    const bool in_file = std::ranges::any_of(env_file, [&](const auto& entry) { return entry.name == name; });
    if (!in_file && !context.environment.contains(name)) file.env.emplace_back(name, value);
  }
  file.env_files = {".env"};
  file.avoid = wish.avoid;
  return file;
}

config::ConflictRule rule_of(const Context& context, const config::RunSettings& settings) {
  ConflictInputs inputs;
  inputs.command_line = context.arguments.on_conflict;
  inputs.force = context.arguments.force || context.arguments.yes;
  inputs.force_mode = context.arguments.force_mode;
  inputs.configuration = settings.auto_find ? config::ConflictRule::next : config::ConflictRule::fail;
  return conflict_rule(inputs);
}

bool never_ran(const api::Failure& failure) {
  return failure.code == engine::FailureCode::command_not_found || failure.code == engine::FailureCode::command_denied;
}

/// The exit code of the whole command. `refused`: the error in `done`, in a run's words.
int conclude(const api::Done& done, const Error& refused, const RunObserver& observer, const Operation& operation, RunTalk& talk,
             const std::string& name) {
  if (operation.interrupted() || done.interrupted) return os::Interrupts::exit_code();
  if (const auto code = observer.exit_code()) {
    const auto failure = std::ranges::find_if(done.failures, never_ran);
    if (failure != done.failures.end()) {
      talk.error(Error(Errc::failed, failure->reason));
    } else {
      talk.exited(name, *code);
    }
    return *code;
  }
  if (!done.error.empty()) {
    talk.error(refused);
    return exit_code_of(refused.code);
  }
  for (const auto& failure : done.failures) {
    const bool elsewhere = failure.code == engine::FailureCode::wrong_port;
    talk.error(Error(Errc::failed, failure.service + ": " + failure.reason,
                     elsewhere ? "give the command its port: {port} in its words, or the variable PORT" : ""));
  }
  return done.failures.empty() ? 0 : exit_code_of(Errc::failed);
}

/// From the request to the end of the command, whose output goes to stdout as it is.
Result<int> attend(const Context& context, const Project& project, const config::RunSettings& settings, const RunWish& wish,
                   RunLease& lease, RunTalk& talk, os::Interrupts& interrupts) {
  const os::LogGenerations logs(project.paths.logs + "/" + project.run + ".log");
  logs.prune(config::kKeptRunLogFiles);  // of a run whose end nobody saw
  TRY_ASSIGN(auto follower, LogFollower::open(project.paths.logs, {project.run}, 0, LogFollower::Unit::pieces));
  const LogFollower::Sink pass = [&](const std::string&, std::string_view piece) { context.output.pass(piece); };
  RunObserver observer(project, settings, wish, talk, lease);
  const auto rule = rule_of(context, settings);
  auto style = context.output.style();
  style.quiet = style.quiet || style.json;
  style.json = false;  // stdout is the command's
  Output quiet_output(style);
  Operation operation(project, quiet_output, interrupts,
                      ConflictResolver(quiet_output, rule, can_ask(context.environment), interrupts.fd()), false);
  operation.observe([&](const api::Event& event) { observer.on(event); });
  operation.stream_logs(follower, pass);
  api::Request request;
  request.op = api::Request::Op::up;
  request.environment = context.environment;
  TRY(operation.begin(request));
  TRY_ASSIGN(auto done, operation.wait_done());
  if (done.ok && !done.interrupted) {
    TRY_ASSIGN(done, operation.wait_done());
  }
  operation.leave(done.project);
  while (follower.pump(pass)) {
  }
  if (follower.lost()) talk.alarm("output was lost: it was read too slowly, and old log files were overwritten");
  logs.prune(config::kKeptRunLogFiles);
  lease.end();
  return conclude(done, run_failure(context, done, settings, wish, observer), observer, operation, talk, project.run);
}

}  // namespace

Result<int> run_run(const Context& context) {
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto base, project::open_run(context.arguments.directory, "run", context.environment));
  TRY_ASSIGN(const auto env_file, read_env_file(base.root()));
  TRY_ASSIGN(const auto settings, read_settings(context, env_file));
  if (const auto code = refuse_missing_command(context, base, env_file.entries)) return *code;
  TRY_ASSIGN(const auto place, find_run_place(context, interrupts.fd()));
  RunTalk talk(context.output, context.arguments.json);
  RunLease lease(context, place.project, place.project.run, talk);
  TRY_ASSIGN(const auto wish, lease.choose(settings));
  remove_old_runs(place.project);
  const auto file = run_file_of(context, place.project, settings, wish, env_file.entries);
  TRY(os::replace_file(project::run_file(place.project), config::encode_run_file(file), 0600, os::Durable::no,
                       os::Links::replace));
  return attend(context, place.project, settings, wish, lease, talk, interrupts);
}

}  // namespace devinit::cli
