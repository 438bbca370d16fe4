#include "cli/run_place.hpp"

#include "cli/supervisor_link.hpp"
#include "config/run_command.hpp"
#include "os/readable.hpp"

namespace devinit::cli {
namespace {

/// For a supervisor that lost its command line: the grace of its service, and what it takes to be sure.
constexpr std::chrono::seconds kPatience{30};

Result<> wait_for_earlier_run(const Project& project, int cancel_fd) {
  const auto ending = find_supervisor(project);
  if (!ending) return {};
  const auto pidfd = os::open_pidfd(ending->process);
  if (!pidfd) return {};
  const auto readable = os::wait_readable({pidfd->get(), cancel_fd}, kPatience);
  if (readable[0]) return {};
  return readable[1] ? Error(Errc::interrupted, "interrupted") : no_answer(project);
}

/// Nothing when the name is in use.
Result<std::optional<RunPlace>> try_place(const Context& context, const std::string& name, int cancel_fd) {
  TRY_ASSIGN(auto project, project::open_run(context.arguments.directory, name, context.environment));
  TRY(os::create_data_directories(project.paths));
  auto lock = os::FileLock::try_acquire(project.paths.data + "/run.lock");
  if (!lock && lock.error().code == Errc::busy) return std::optional<RunPlace>();
  if (!lock) return lock.error();
  TRY(wait_for_earlier_run(project, cancel_fd));
  return std::optional<RunPlace>(RunPlace{std::move(project), std::move(*lock)});
}

Result<RunPlace> named_place(const Context& context, const std::string& name, int cancel_fd) {
  TRY_ASSIGN(auto place, try_place(context, name, cancel_fd));
  if (place) return std::move(*place);
  return Error(Errc::busy, "a run called `" + name + "` is going on in this folder", "choose another --name, or end that one");
}

}  // namespace

Result<RunPlace> find_run_place(const Context& context, int cancel_fd) {
  const auto& run = context.arguments.run;
  if (!run.name.empty()) return named_place(context, run.name, cancel_fd);
  const auto base = config::run_name(run.command.front());
  constexpr int kMost = 99;
  for (int number = 1; number <= kMost; ++number) {
    TRY_ASSIGN(auto place, try_place(context, number == 1 ? base : base + "-" + std::to_string(number), cancel_fd));
    if (place) return std::move(*place);
  }
  return Error(Errc::busy, std::to_string(kMost) + " runs of `" + base + "` are going on in this folder",
               "name this one with --name");
}

}  // namespace devinit::cli
