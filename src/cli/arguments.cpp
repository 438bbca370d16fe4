#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>

#include "base/suggest.hpp"
#include "cli/registry_command_line.hpp"
#include "cli/supervision_command_line.hpp"
#include "cli/usage_mistakes.hpp"

namespace devinit::cli {
namespace {

/// `examples` is empty where the command's own builder adds the footer.
struct CommandText {
  Command command;
  const char* name;
  const char* summary;
  const char* examples;
};

constexpr std::array kCommands{
    CommandText{Command::start, "start", "Start services on free ports and return when they are ready",
                "  devinit start                 everything\n"
                "  devinit start backend         one service and what it depends on\n"
                "  devinit start --profile api   the services of a profile\n"
                "  devinit start --on-conflict next\n"
                "  devinit start --install       run `npm ci`, `uv sync` … first where they are missing"},
    CommandText{Command::stop, "stop", "Stop services; returns when nothing of them is left",
                "  devinit stop                  everything\n"
                "  devinit stop frontend\n"
                "  devinit stop --timeout 5s     what is left then is killed"},
    CommandText{Command::restart, "restart", "Restart services (all: read the configuration anew and plan the ports anew)",
                "  devinit restart\n"
                "  devinit restart backend       keeps its port\n"
                "  devinit restart migrate       runs a task again"},
    CommandText{Command::reload, "reload", "Apply the edited configuration: only what it changes is restarted", "  devinit reload"},
    CommandText{Command::up, "up", "Start, stream the logs, and stop on Ctrl-C what it started",
                "  devinit up\n"
                "  devinit up backend\n"
                "  devinit up --exit-code-from tests\n"
                "  devinit up --abort-on-failure"},
    CommandText{Command::wait, "wait", "Return when services are ready (or started, completed, stopped)",
                "  devinit wait                  everything that was started\n"
                "  devinit wait backend --timeout 30s\n"
                "  devinit wait migrate --for completed"},
    CommandText{Command::status, "status", "Show every service (exit code 3 when not everything wanted is ready)",
                "  devinit status\n"
                "  devinit status --json | jq .services"},
    CommandText{Command::graph, "graph", "Show the order of the start, what waits for what, and what took the time",
                "  devinit graph\n"
                "  devinit graph backend\n"
                "  devinit graph --dot | dot -Tsvg > graph.svg"},
    CommandText{Command::logs, "logs", "Show the logs of services",
                "  devinit logs                  the last 100 lines of each\n"
                "  devinit logs backend -n 20\n"
                "  devinit logs -f"},
    CommandText{Command::exec, "exec", "Run a command with the ports and variables of the running services",
                "  devinit exec -- sh -c 'curl $BACKEND_URL/health'\n"
                "  devinit exec --service backend -- python manage.py shell"},
    CommandText{Command::test, "test", "Start what is missing, run a command, stop what was started",
                "  devinit test -- pytest\n"
                "  devinit test --service backend -- npm run e2e\n"
                "  devinit test --profile api -- make check"},
    CommandText{Command::init, "init", "Write a commented devinit.json from what is found here",
                "  devinit init\n"
                "  devinit -C ~/shop init"},
    CommandText{Command::kill, "kill", "Show who holds a port and end it (asks first)",
                "  devinit kill 8000\n"
                "  devinit kill 8000 --yes"},
    CommandText{Command::run, "run", "Start one command on a leased port, attached", ""},
    CommandText{Command::ports, "ports", "Show and manage who owns which port of this machine", ""},
    CommandText{Command::scaffold, "scaffold", "Make an app from a template, with ports and a name of its own", ""},
    CommandText{Command::version, "version", "Print the version", "  devinit version\n  devinit version --json"},
};

constexpr const char* kExamples =
    "Examples:\n"
    "  devinit start                 start everything of this project\n"
    "  devinit status                what runs, and where\n"
    "  devinit logs -f               follow all logs\n"
    "  devinit stop                  stop everything\n"
    "\n"
    "devinit COMMAND --help tells more about a command.";

/// What CLI11 fills in, before it is checked: numbers stay text because CLI11 reads 010 as 8.
struct Raw {
  std::string on_conflict;
  std::string lines;
  std::string port;
  RegistryWords registry;
  SupervisionWords supervision;
};

Error usage_error(std::string message, std::string hint = {}) {
  return Error(Errc::usage, std::move(message), std::move(hint));
}

void add_global_options(CLI::App& app, Arguments& arguments, Raw& raw) {
  app.add_option("-C,--project", arguments.directory, "Work in this folder instead of the current one")->type_name("DIR");
  app.add_flag("--json", arguments.json, "Machine-readable output on stdout");
  app.add_flag("-q,--quiet", arguments.quiet, "Only errors and moved ports (also QUIET=true)");
  app.add_flag("--no-color", arguments.no_color, "No colours (also NO_COLOR)");
  app.add_flag("-y,--yes", arguments.yes, "Answer every question with yes");
  app.add_option("--on-conflict", raw.on_conflict, "A port is busy: ask, kill its holder, take the next one, or fail")
      ->type_name("ask|kill|next|fail");
  app.add_flag("--force", arguments.force, "Kill who holds a wanted port, within the rules (also FORCE_MODE=true)");
  app.add_flag("--install", arguments.install, "Install missing dependencies of services without asking");
  app.add_option("--registry", arguments.registry, "The registry of ports (also DEVINIT_REGISTRY)")->type_name("URL|PATH");
}

/// The subcommand of `text` with its options. `behind`: the words that follow it on the command line.
CLI::App* add_command(CLI::App& app, const CommandText& text, const Words& behind, Arguments& arguments, Raw& raw) {
  auto* command = app.add_subcommand(text.name, text.summary);
  command->fallthrough();
  command->footer(std::string("Examples:\n") + text.examples + "\n\nGlobal options work here too: see devinit --help.");
  switch (text.command) {
    case Command::start:
    case Command::stop:
    case Command::restart:
    case Command::up:
    case Command::wait:
    case Command::status:
    case Command::graph:
    case Command::exec:
    case Command::test:
      add_supervision_options(*command, text.command, arguments.targets, raw.supervision);
      break;
    case Command::logs:
      command->add_option("services", arguments.targets, "Services (default: all)")->type_name("SERVICE");
      command->add_option("-n,--lines", raw.lines, "How many lines of each, 100 by default")->type_name("N");
      command->add_flag("-f,--follow", arguments.follow, "Go on with what is written from now on");
      break;
    case Command::kill:
      command->add_option("port", raw.port, "The port to free")->type_name("PORT")->required();
      break;
    case Command::ports: {
      const auto at = first_plain_word(behind, 0, {&app});
      add_ports_command(*command, at < behind.size() ? behind[at] : std::string(), raw.registry);
      break;
    }
    case Command::scaffold:
      add_scaffold_command(*command, app, behind, raw.registry);
      break;
    case Command::run:
      add_run_command(*command, raw.registry);
      break;
    case Command::reload:
    case Command::init:
    case Command::version:
    case Command::lease:
      break;
  }
  return command;
}

/// Adds the command that `line` names, or all of them when it names none. Of a `run`, takes the command to run off the line.
const CommandText* add_commands(CLI::App& app, Words& line, Arguments& arguments, Raw& raw) {
  const auto at = first_plain_word(line, 0, {&app});
  const auto asked =
      std::ranges::find_if(kCommands, [&](const auto& text) { return at < line.size() && line[at] == text.name; });
  if (asked == kCommands.end()) {
    for (const auto& text : kCommands) add_command(app, text, {}, arguments, raw);
    return nullptr;
  }
  const Words behind(line.begin() + static_cast<std::ptrdiff_t>(at) + 1, line.end());
  const auto* command = add_command(app, *asked, behind, arguments, raw);
  if (asked->command == Command::run) raw.registry.command = cut_run_command(line, at + 1, app, *command);
  if (takes_command(asked->command)) raw.supervision.command = cut_run_command(line, at + 1, app, *command);
  return &*asked;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// The app, the command and its subcommand, as far as they were named.
std::vector<const CLI::App*> chosen_path(const CLI::App& app) {
  std::vector<const CLI::App*> path{&app};
  while (!path.back()->get_subcommands().empty()) path.push_back(path.back()->get_subcommands().front());
  return path;
}

/// "ports get ": the words of a path behind the program's name, each followed by a blank.
std::string words_of(const std::vector<const CLI::App*>& path) {
  std::string words;
  for (std::size_t i = 1; i < path.size(); ++i) words += path[i]->get_name() + " ";
  return words;
}

/// The error for a word that no rule of the command line took.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const auto path = chosen_path(app);
  const auto commands = path.back()->get_subcommands([](const CLI::App*) { return true; });
  const bool option = word.size() > 1 && word.front() == '-';
  std::vector<std::string> candidates;
  if (option) {
    for (const auto* each : path) std::ranges::copy(option_names(*each), std::back_inserter(candidates));
  } else {
    for (const auto* each : commands) candidates.push_back(each->get_name());
  }
  const std::string help = "devinit " + words_of(path) + "--help lists all";
  std::string message = option             ? "unknown option " + word
                        : commands.empty() ? words_of(path) + "takes no argument `" + word + "`"
                                           : "unknown command `" + words_of(path) + word + "`";
  const auto close = nearest(word.substr(0, word.find('=')), candidates);
  return usage_error(std::move(message), close ? "did you mean `" + *close + "`? " + help : help);
}

Result<config::ConflictRule> conflict_rule(const std::string& text) {
  using Rule = config::ConflictRule;
  constexpr std::array<std::pair<const char*, Rule>, 4> kRules{
      {{"ask", Rule::ask}, {"kill", Rule::kill}, {"next", Rule::next}, {"fail", Rule::fail}}};
  for (const auto& [name, rule] : kRules) {
    if (text == name) return rule;
  }
  const auto close = nearest(text, {"ask", "kill", "next", "fail"});
  return usage_error("--on-conflict must be ask, kill, next or fail, not `" + text + "`",
                     close ? "did you mean `" + *close + "`?" : std::string());
}

Result<std::size_t> line_count(const std::string& text) {
  std::size_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  constexpr std::size_t kMost = 1'000'000;
  if (failure != std::errc() || end != text.data() + text.size() || count > kMost) {
    return usage_error("-n must be a number of lines from 0 to 1000000, not `" + text + "`");
  }
  return count;
}

Result<> read_variable(const os::Environment& environment, const char* name, bool& flag) {
  const auto found = environment.find(name);
  if (found == environment.end()) return {};
  const auto truth = parse_truth(found->second);
  if (!truth) {
    return usage_error(std::string(name) + " must be 1, true, yes, 0, false, no or empty, not `" + found->second + "`",
                       "unset " + std::string(name) + " or correct it");
  }
  flag = flag || *truth;
  return {};
}

Result<> check_registry_values(Arguments& arguments, const RegistryWords& words) {
  if (arguments.command == Command::ports) {
    TRY_ASSIGN(arguments.ports, read_ports_arguments(words));
    if (arguments.ports.env && arguments.json) return usage_error("--env or --json, not both");
  } else if (arguments.command == Command::scaffold) {
    TRY_ASSIGN(arguments.scaffold, read_scaffold_arguments(words));
  } else if (arguments.command == Command::run) {
    TRY_ASSIGN(arguments.run, read_run_arguments(words));
  }
  return {};
}

Result<> check_supervision_values(Arguments& arguments, const SupervisionWords& words) {
  TRY_ASSIGN(arguments.supervision, read_supervision_arguments(words, takes_command(arguments.command)));
  if (takes_command(arguments.command)) arguments.targets = words.services;
  if (arguments.command == Command::exec && arguments.targets.size() > 1) {
    return usage_error("one --service only: a command has one environment");
  }
  if (arguments.supervision.dot && arguments.json) return usage_error("--dot or --json, not both");
  if (std::ranges::find(arguments.targets, "all") == arguments.targets.end()) return {};
  if (arguments.command == Command::exec) return usage_error("--service needs one service, not all");
  arguments.targets.clear();
  arguments.supervision.profiles.clear();
  return {};
}

Result<> check_values(Arguments& arguments, const Raw& raw, const CLI::App& app) {
  if (app.count("--on-conflict") > 0) {
    TRY_ASSIGN(arguments.on_conflict, conflict_rule(raw.on_conflict));
  }
  if (app.count("--project") > 0 && arguments.directory.empty()) return usage_error("--project needs a folder");
  if (app.count("--registry") > 0 && arguments.registry.empty()) return usage_error("--registry needs a URL or a path");
  if (!raw.lines.empty()) {
    TRY_ASSIGN(arguments.lines, line_count(raw.lines));
  }
  if (arguments.command == Command::kill) {
    const auto port = parse_port(raw.port);
    if (!port) return usage_error("`" + raw.port + "` is not a port", "ports are plain decimal numbers from 1 to 65535");
    arguments.port = *port;
  }
  TRY(check_registry_values(arguments, raw.registry));
  return check_supervision_values(arguments, raw.supervision);
}

std::string help_of(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const CLI::App& asked = chosen.empty() ? app : *chosen.front();
  return chosen.empty() ? asked.help() : asked.help(app.get_name());
}

/// CLI11 reports by exceptions; they end here.
std::optional<Result<std::variant<Arguments, HelpText>>> run_parser(CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return HelpText{help_of(app)};
  } catch (const CLI::CallForAllHelp&) {
    return HelpText{help_of(app)};
  } catch (const CLI::ParseError& failure) {
    return usage_error(failure.what(), "devinit " + words_of(chosen_path(app)) + "--help shows how it is used");
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> parse_truth(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "1" || lower == "true" || lower == "yes") return true;
  if (lower.empty() || lower == "0" || lower == "false" || lower == "no") return false;
  return std::nullopt;
}

Result<std::variant<Arguments, HelpText>> parse_arguments(const std::vector<std::string>& words,
                                                          const os::Environment& environment) {
  if (!words.empty() && words.front() == "help") {  // as git, docker and npm understand it
    std::vector<std::string> asked(words.begin() + 1, words.end());
    asked.emplace_back("--help");
    return parse_arguments(asked, environment);
  }
  Arguments arguments;
  if (!words.empty() && words.front() == "lease") {  // a supervisor's child: its words are its own, and a start waits for it
    arguments.command = Command::lease;
    arguments.words.assign(words.begin() + 1, words.end());
    return arguments;
  }
  Raw raw;
  CLI::App app("Starts the services of a project on really free ports and supervises them.", "devinit");
  app.allow_extras();
  app.footer(kExamples);
  bool version = false;
  app.add_flag("--version", version, "Print the version");
  add_global_options(app, arguments, raw);
  Words line = words;
  const auto* command = add_commands(app, line, arguments, raw);

  if (auto ended = run_parser(app, line)) return std::move(*ended);
  // CLI11 counts the `--` that ends the options as a word that nobody took.
  const auto extras = app.remaining(true);
  const auto extra = std::ranges::find_if(extras, [](const std::string& word) { return word != "--"; });
  if (extra != extras.end()) return unknown_word(app, *extra);
  if (command == nullptr && !version) {
    return usage_error("no command", "start here: devinit start; devinit --help lists everything");
  }
  arguments.command = version ? Command::version : command->command;
  UsageMistakes mistakes;
  mistakes.note(check_values(arguments, raw, app));
  mistakes.note(read_variable(environment, "QUIET", arguments.quiet));
  // A generator's run must not depend on what its user says about busy ports.
  if (arguments.command != Command::scaffold) mistakes.note(read_variable(environment, "FORCE_MODE", arguments.force_mode));
  TRY(mistakes.result());
  return arguments;
}

}  // namespace devinit::cli
