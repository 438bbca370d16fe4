#include "cli/prepare.hpp"

#include <set>

#include "cli/conflict.hpp"
#include "cli/targets.hpp"
#include "os/folder_tree.hpp"
#include "os/readable.hpp"
#include "os/signals.hpp"
#include "os/spawn.hpp"
#include "os/terminal.hpp"
#include "os/wait_child.hpp"

namespace devinit::cli {
namespace {

/// "frontend", or "the project folder" for the root itself.
std::string place(const config::ServiceConfig& service) {
  return service.cwd.empty() || service.cwd == "." ? "the project folder" : service.cwd;
}

/// What a user pastes to do it by hand.
std::string by_hand(const config::ServiceConfig& service) {
  if (service.cwd.empty() || service.cwd == ".") return service.prepare.command;
  const bool plain = service.cwd.find_first_of(" \t'\"$&;()*?\\") == std::string::npos;
  return "cd " + (plain ? service.cwd : "\"" + service.cwd + "\"") + " && " + service.prepare.command;
}

Error not_prepared(const config::ServiceConfig& service) {
  return Error(Errc::failed,
               service.name + " is not prepared: there is no " + service.prepare.missing + " in " + place(service),
               "run: " + by_hand(service) + "   (or devinit start --install)");
}

/// True: run it. Errors: declined, interrupted, or nobody to ask.
Result<> agreed(const config::ServiceConfig& service, const Arguments& arguments, bool ask, int cancel_fd) {
  if (arguments.install || arguments.yes) return {};
  if (!ask) return not_prepared(service);
  const auto question = "Run " + service.prepare.command + " in " + place(service) + "? [Y/n]";
  switch (os::ask_yes_no(question, os::Answer::yes, kQuestionLimit, cancel_fd)) {
    case os::Answer::yes:
      return {};
    case os::Answer::interrupted:
      return Error(Errc::interrupted, "interrupted");
    case os::Answer::no:
    case os::Answer::timed_out:
    case os::Answer::end_of_input:
      break;
  }
  return not_prepared(service);
}

std::string folder_of(const Project& project, const config::ServiceConfig& service) {
  return service.cwd.empty() ? project.root() : project.root() + "/" + service.cwd;
}

/// What the command is to make: `.venv` in the service's folder, `node_modules` in that of the workspace.
std::string made_folder(const Project& project, const config::ServiceConfig& service) {
  return folder_of(project, service) + "/" + service.prepare.missing;
}

/// Half of a `.venv` or `node_modules` would pass for a whole one at the next start.
void remove_unfinished(const std::string& path, Output& output) {
  if (os::kind_at(path) != os::TreeEntry::Kind::folder) return;
  const auto slash = path.rfind('/');
  const auto parent = os::FolderTree::open(path.substr(0, slash));
  const bool gone = parent && os::remove_tree(parent->fd(), path.substr(slash + 1));
  output.say((gone ? "removed the unfinished " : "remove the unfinished ") + path);
}

/// Runs the command attached to the user's terminal; Ctrl-C reaches it by itself, as part of our process group;
/// a SIGTERM to us is passed on.
Result<> run_attached(const Project& project, const config::ServiceConfig& service, os::Interrupts& interrupts, bool json) {
  os::SpawnRequest request;
  request.argv = {"/bin/sh", "-c", service.prepare.command};
  request.environment = project.environment;
  request.cwd = folder_of(project, service);
  request.fds = {{0, 0}, {json ? 2 : 1, 1}, {2, 2}};  // stdout carries JSON alone
  TRY_ASSIGN(const auto child, os::spawn(request));
  bool stopped = false;
  while (!os::wait_readable({child.pidfd.get(), interrupts.fd()})[0]) {
    stopped = interrupts.take() || stopped;
    TRY(os::send_signal(child.identity, *os::signal_number("TERM")));
  }
  TRY_ASSIGN(const auto status, os::wait_for_child(child));
  if (interrupts.take() || stopped) return Error(Errc::interrupted, "interrupted");
  if (status.success()) return {};
  return Error(Errc::failed, "`" + service.prepare.command + "` in " + place(service) + " " + status.describe(),
               "correct what it complains about, or run it by hand: " + by_hand(service));
}

}  // namespace

std::vector<const config::ServiceConfig*> services_to_start(const config::ProjectConfig& config,
                                                            const std::vector<std::string>& targets) {
  auto services = with_dependencies(config, targets);
  std::erase_if(services, [](const auto* service) { return service->kind == config::ServiceKind::external; });
  return services;
}

Result<> prepare_services(const Project& project, const std::vector<const config::ServiceConfig*>& services,
                          const Arguments& arguments, Output& output, os::Interrupts& interrupts) {
  const bool ask = can_ask(project.environment);
  std::set<std::pair<std::string, std::string>> done;  // two services of one folder share their preparation
  for (const auto* service : services) {
    if (!service->prepare.needed || done.contains({service->cwd, service->prepare.command})) continue;
    TRY(agreed(*service, arguments, ask, interrupts.fd()));
    output.say("running " + service->prepare.command + " in " + place(*service));
    const auto made = made_folder(project, *service);
    const bool is_new = !os::kind_at(made);
    auto prepared = run_attached(project, *service, interrupts, arguments.json);
    if (!prepared && is_new) remove_unfinished(made, output);
    TRY(std::move(prepared));
    done.insert({service->cwd, service->prepare.command});
  }
  return {};
}

}  // namespace devinit::cli
