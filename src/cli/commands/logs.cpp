#include <algorithm>
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/log_follower.hpp"
#include "cli/log_printer.hpp"
#include "cli/targets.hpp"
#include "os/files.hpp"
#include "os/interrupts.hpp"
#include "os/readable.hpp"

namespace devinit::cli {
namespace {

/// Services that may have a log: those of the configuration, and those that have a file.
std::vector<std::string> services_with_logs(const Project& project) {
  constexpr std::string_view kSuffix = ".log";
  std::vector<std::string> names;
  if (const auto config = load_config(project)) names = service_names(*config);
  for (const auto& file : os::list_directory(project.paths.logs)) {
    if (!file.ends_with(kSuffix)) continue;
    const auto name = file.substr(0, file.size() - kSuffix.size());
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

/// The services that the command line names; the name of replicas means all of them.
Result<std::vector<std::string>> chosen_logs(const Context& context, const Project& project) {
  const auto& targets = context.arguments.targets;
  auto names = services_with_logs(project);
  if (targets.empty()) return names;
  const auto config = load_config(project);
  auto known = names;
  for (const auto& name : config ? names_of_services(*config) : std::vector<std::string>()) {
    if (std::ranges::find(known, name) == known.end()) known.push_back(name);  // of replicas
  }
  TRY(check_targets(targets, known));
  std::vector<std::string> chosen;
  for (const auto& target : targets) {
    const auto replicas = config ? config->services_called(target) : std::vector<std::string>();
    if (replicas.empty()) chosen.push_back(target);
    std::ranges::copy(replicas, std::back_inserter(chosen));
  }
  return chosen;
}

Result<int> follow(LogFollower& follower, const LogFollower::Sink& sink, os::Interrupts& interrupts, Output& output) {
  bool more = true;
  bool told = false;
  const int reader = os::only_if_pipe(1);  // `devinit logs -f | head -1` ends with its reader, not with the next line
  while (true) {
    std::optional<std::chrono::milliseconds> timeout;
    if (more) timeout = std::chrono::milliseconds(0);
    const auto readable = os::wait_readable({follower.fd(), interrupts.fd(), reader}, timeout);
    if (readable[2]) return 0;
    if (readable[1]) return os::Interrupts::exit_code();
    more = follower.pump(sink);
    if (follower.lost() && !std::exchange(told, true))
      output.warn("lines were lost: they were read too slowly, and old log files were overwritten");
  }
}

}  // namespace

Result<int> run_logs(const Context& context) {
  const auto& arguments = context.arguments;
  TRY_ASSIGN(const auto project, context.project());
  TRY_ASSIGN(const auto names, chosen_logs(context, project));
  if (arguments.follow) {
    TRY(os::create_data_directories(project.paths));
  } else if (!os::is_directory(project.paths.logs)) {
    context.output.say("no logs yet: nothing has been started here");
    return 0;
  }
  TRY_ASSIGN(auto follower, LogFollower::open(project.paths.logs, names, arguments.lines));
  LogPrinter printer(context.output, names, LogPrinter::Prefix::when_several);
  const LogFollower::Sink sink = [&](const std::string& service, std::string_view line) {
    if (arguments.json) {
      context.output.data("{\"service\":" + json_string(service) + ",\"line\":" + json_string(line) + "}");
    } else {
      printer.print(service, line);
    }
  };
  if (arguments.follow) {
    TRY_ASSIGN(auto interrupts, os::Interrupts::block());
    return follow(follower, sink, interrupts, context.output);
  }
  while (follower.pump(sink)) {
  }
  follower.flush(sink);
  return 0;
}

}  // namespace devinit::cli
