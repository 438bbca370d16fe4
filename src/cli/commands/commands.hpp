#pragma once

#include "cli/arguments.hpp"
#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "cli/project.hpp"

namespace devinit::cli {

/// What every command works with.
struct Context {
  const Arguments& arguments;
  Output& output;
  const os::Environment& environment;
  Place place = Place::shell;

  [[nodiscard]] Result<Project> project() const { return open_project(arguments.directory, environment); }
};

/// The commands: one file each. The value is the exit code of a command that has said all there is to say; an error is printed
/// by the caller.
[[nodiscard]] Result<int> run_start(const Context& context);
[[nodiscard]] Result<int> run_stop(const Context& context);
[[nodiscard]] Result<int> run_restart(const Context& context);
[[nodiscard]] Result<int> run_reload(const Context& context);
[[nodiscard]] Result<int> run_up(const Context& context);
[[nodiscard]] Result<int> run_wait(const Context& context);
[[nodiscard]] Result<int> run_status(const Context& context);
[[nodiscard]] Result<int> run_graph(const Context& context);
[[nodiscard]] Result<int> run_logs(const Context& context);
/// Does not return when the command runs: it takes our place.
[[nodiscard]] Result<int> run_exec(const Context& context);
[[nodiscard]] Result<int> run_test(const Context& context);
[[nodiscard]] Result<int> run_init(const Context& context);
[[nodiscard]] Result<int> run_kill(const Context& context);
[[nodiscard]] Result<int> run_version(const Context& context);
[[nodiscard]] Result<int> run_ports(const Context& context);
[[nodiscard]] Result<int> run_scaffold(const Context& context);
[[nodiscard]] Result<int> run_run(const Context& context);
/// Hidden: registry work that a supervisor hands to a short-lived child, because its loop never waits. `arguments.words` are the words
/// behind `lease`, as they are.
[[nodiscard]] Result<int> run_lease(const Context& context);

/// "devinit 1.2.3".
[[nodiscard]] const char* version_text() noexcept;

}  // namespace devinit::cli
