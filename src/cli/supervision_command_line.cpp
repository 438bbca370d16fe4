#include "cli/supervision_command_line.hpp"

#include <CLI/CLI.hpp>

namespace devinit::cli {
namespace {

void add_text(CLI::App& app, const std::string& name, std::optional<std::string>& target, const std::string& description,
              const std::string& shape) {
  app.add_option_function<std::string>(
         name, [&target](const std::string& text) { target = text; }, description)
      ->type_name(shape);
}

void add_targets(CLI::App& app, std::vector<std::string>& targets, const std::string& description) {
  app.add_option("targets", targets, description)->type_name("SERVICE");
}

/// An option that may be given several times, each time with one value.
void add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& target, const std::string& description,
               const std::string& shape) {
  app.add_option(name, target, description)->type_name(shape)->allow_extra_args(false);
}

void add_profiles(CLI::App& app, SupervisionWords& words) {
  add_texts(app, "--profile", words.profiles, "The services of these profiles", "NAME[,NAME]");
}

/// Only for the help: the words of the command are taken off the line before it is parsed.
void add_command_words(CLI::App& app, SupervisionWords& words) {
  app.add_option("command", words.command, "The command and its arguments, untouched")->type_name("COMMAND");
}

void add_up_options(CLI::App& app, SupervisionWords& words) {
  add_text(app, "--exit-code-from", words.exit_code_from, "End when this service or task has ended, with its exit code", "SERVICE");
  app.add_flag("--abort-on-failure", words.abort_on_failure, "End as soon as one has failed for good, with exit code 1");
}

}  // namespace

void add_supervision_options(CLI::App& app, Command command, std::vector<std::string>& targets, SupervisionWords& words) {
  switch (command) {
    case Command::start:
    case Command::restart:
      add_targets(app, targets, "Services, or all (default)");
      return add_profiles(app, words);
    case Command::stop:
      add_targets(app, targets, "Services, or all (default)");
      add_text(app, "--timeout", words.timeout, "What is left after that time is killed", "TIME");
      return add_profiles(app, words);
    case Command::up:
      add_targets(app, targets, "Services, or all (default)");
      add_up_options(app, words);
      return add_profiles(app, words);
    case Command::wait:
      add_targets(app, targets, "Services (default: all that were started)");
      add_text(app, "--timeout", words.timeout, "How long at most; 60s by default", "TIME");
      add_text(app, "--for", words.wait_for, "What to wait for; ready by default", "ready|started|completed|stopped");
      return add_profiles(app, words);
    case Command::status:
      return add_profiles(app, words);
    case Command::graph:
      add_targets(app, targets, "Services (default: all)");
      app.add_flag("--dot", words.dot, "For Graphviz");
      return add_profiles(app, words);
    case Command::exec:
      add_texts(app, "--service", words.services, "With the variables of this service as well", "SERVICE");
      return add_command_words(app, words);
    case Command::test:
      add_texts(app, "--service", words.services, "Needed services (default: all)", "SERVICE");
      add_profiles(app, words);
      return add_command_words(app, words);
    case Command::reload:
    case Command::logs:
    case Command::init:
    case Command::kill:
    case Command::version:
    case Command::ports:
    case Command::scaffold:
    case Command::run:
    case Command::lease:
      return;
  }
}

}  // namespace devinit::cli
