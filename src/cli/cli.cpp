#include "cli/cli.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cli/commands/commands.hpp"
#include "os/interrupts.hpp"

namespace devinit::cli {
namespace {

Result<int> dispatch(const Context& context) {
  switch (context.arguments.command) {
    case Command::start:
      return run_start(context);
    case Command::stop:
      return run_stop(context);
    case Command::restart:
      return run_restart(context);
    case Command::reload:
      return run_reload(context);
    case Command::up:
      return run_up(context);
    case Command::wait:
      return run_wait(context);
    case Command::status:
      return run_status(context);
    case Command::graph:
      return run_graph(context);
    case Command::logs:
      return run_logs(context);
    case Command::exec:
      return run_exec(context);
    case Command::test:
      return run_test(context);
    case Command::init:
      return run_init(context);
    case Command::kill:
      return run_kill(context);
    case Command::version:
      return run_version(context);
    case Command::ports:
      return run_ports(context);
    case Command::scaffold:
      return run_scaffold(context);
    case Command::run:
      return run_run(context);
    case Command::lease:
      return run_lease(context);
  }
  return Error(Errc::usage, "no command");
}

/// A full disk or a closed pipe behind stdout must not look like success.
int checked(int code, Output& output) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  output.insist("devinit: error: cannot write to standard output");
  return code == 0 ? exit_code_of(Errc::io) : code;
}

int fail(const Error& error, Output& output) {
  // Who pressed Ctrl-C needs no explanation.
  if (error.code != Errc::interrupted) output.error(error);
  return error.code == Errc::interrupted ? os::Interrupts::exit_code() : exit_code_of(error.code);
}

}  // namespace

int run(int argc, char** argv, Place place) {
  if (argc == 2 && (std::string_view(argv[1]) == "version" || std::string_view(argv[1]) == "--version")) {
    return std::puts(version_text()) < 0 || std::fflush(stdout) != 0 ? exit_code_of(Errc::io) : 0;
  }
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto environment = os::current_environment();
  const auto parsed = parse_arguments(words, environment);
  if (!parsed) {
    Arguments asked;  // as far as it can be told: the error itself follows --json and --no-color
    asked.json = std::ranges::find(words, "--json") != words.end();
    asked.no_color = std::ranges::find(words, "--no-color") != words.end();
    Output output(detect_style(asked, environment));
    return fail(parsed.error(), output);
  }
  if (const auto* help = std::get_if<HelpText>(&*parsed)) {
    return std::fputs(help->text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? exit_code_of(Errc::io) : 0;
  }
  const auto& arguments = std::get<Arguments>(*parsed);
  Output output(detect_style(arguments, environment));
  const auto code = dispatch({arguments, output, environment, place});
  return checked(code ? *code : fail(code.error(), output), output);
}

}  // namespace devinit::cli
