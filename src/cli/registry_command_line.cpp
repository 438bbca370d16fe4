#include "cli/registry_command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

namespace devinit::cli {
namespace {

template <class Value>
struct SubcommandText {
  Value command;
  const char* name;
  const char* summary;
  const char* examples;
};

constexpr std::array kPortsCommands{
    SubcommandText<PortsCommand>{PortsCommand::list, "list", "Show who owns which port",
                                 "  devinit ports list\n"
                                 "  devinit ports list --live              and who listens now\n"
                                 "  devinit ports list --kind app --model gpt-5\n"
                                 "  devinit ports list --range 8000-8099 --json"},
    SubcommandText<PortsCommand>{PortsCommand::get, "get", "Print the ports of an app; the first time they are allocated",
                                 "  devinit ports get gpt-5 1              backend and frontend\n"
                                 "  eval \"$(devinit ports get gpt-5 1 --env)\"\n"
                                 "  devinit ports get gpt-5 1 --role api=9000:10 --role web=9005:10\n"
                                 "  devinit ports get --batch apps.txt     one MODEL APP per line; JSON lines out"},
    SubcommandText<PortsCommand>{PortsCommand::release, "release", "Give ports back",
                                 "  devinit ports release gpt-5 1\n"
                                 "  devinit ports release --project ~/shop\n"
                                 "  devinit ports release --reserved legacy"},
    SubcommandText<PortsCommand>{PortsCommand::check, "check", "Find what is wrong (exit code 3 when something is)",
                                 "  devinit ports check\n"
                                 "  devinit ports check --fix              mend what is safe"},
    SubcommandText<PortsCommand>{PortsCommand::stats, "stats", "Show how full each pool is",
                                 "  devinit ports stats\n"
                                 "  devinit ports stats --pool claude --json"},
    SubcommandText<PortsCommand>{PortsCommand::gc, "gc", "End the leases of projects that are gone or long unused",
                                 "  devinit ports gc --dry-run             only show them\n"
                                 "  devinit ports gc"},
    SubcommandText<PortsCommand>{PortsCommand::reserve, "reserve", "Keep ports for something that devinit does not start",
                                 "  devinit ports reserve 5432 --for postgres\n"
                                 "  devinit ports reserve 9000-9099 --for 'team search'"},
    SubcommandText<PortsCommand>{PortsCommand::import, "import", "Take over the allocations of a file, all or none",
                                 "  devinit ports import port_config.json"},
    SubcommandText<PortsCommand>{PortsCommand::export_, "export", "Write the allocations as JSON",
                                 "  devinit ports export                   to standard output\n"
                                 "  devinit ports export ports.json"},
    SubcommandText<PortsCommand>{PortsCommand::whose, "whose", "Show whose a port is, and who listens on it now",
                                 "  devinit ports whose 8000"},
    SubcommandText<PortsCommand>{PortsCommand::watch, "watch", "Show the table of ports and keep it up to date",
                                 "  devinit ports watch\n"
                                 "  devinit ports watch --kind project"},
};

constexpr std::array kScaffoldCommands{
    SubcommandText<ScaffoldCommand>{ScaffoldCommand::check, "check",
                                    "Find what is wrong with generated apps (exit code 3 when something is)",
                                    "  devinit scaffold check generated"},
    SubcommandText<ScaffoldCommand>{ScaffoldCommand::fix, "fix", "Mend generated apps, all of a folder or one",
                                    "  devinit scaffold fix generated --dry-run\n"
                                    "  devinit scaffold fix generated/gpt-5/app1"},
    SubcommandText<ScaffoldCommand>{ScaffoldCommand::list, "list", "Show the built-in templates", "  devinit scaffold list"},
};

CLI::Option* add_text(CLI::App& app, const std::string& name, RegistryWords::Text& target, const std::string& description,
                      const std::string& shape = {}) {
  auto* option = app.add_option_function<std::string>(
      name, [&target](const std::string& text) { target = text; }, description);
  return option->type_name(shape);
}

/// An option that may be given several times, each time with one value.
void add_texts(CLI::App& app, const std::string& name, Words& target, const std::string& description,
               const std::string& shape) {
  app.add_option(name, target, description)->type_name(shape)->allow_extra_args(false);
}

void add_filters(CLI::App& app, RegistryWords& words) {
  add_text(app, "--kind", words.kind, "Only these owners", "project|app|reserved");
  add_text(app, "--model", words.model, "Only apps of this model", "MODEL");
  add_text(app, "--app", words.app, "Only this app number", "APP");
  add_text(app, "--project", words.project, "Only the project in this folder", "DIR");
  add_text(app, "--role", words.role, "Only this role: backend, frontend …", "ROLE");
  add_text(app, "--pool", words.pool, "Only ports of this pool", "POOL");
  add_text(app, "--range", words.range, "Only these ports", "PORT|A-B");
  app.add_flag("--all-hosts", words.all_hosts, "Leases of other hosts, too");
}

void add_get_options(CLI::App& app, RegistryWords& words) {
  add_text(app, "model", words.model, "The model, or whatever the apps are grouped by", "MODEL");
  add_text(app, "app", words.app, "The number of the app, 1 or more", "APP");
  add_text(app, "--batch", words.batch, "Read one owner per line, - is standard input; answers are JSON lines", "FILE|-");
  add_texts(app, "--role", words.roles,
            "A port for this role, from START in steps of STEP (1), instead of backend and frontend", "NAME=START[:STEP]");
  add_text(app, "--pool", words.pool, "From this pool", "POOL");
  app.add_flag("--env", words.env, "NAME=value lines for a shell");
  app.add_flag("--no-probe", words.no_probe, "Do not ask the kernel whether a new port is free");
}

void add_release_options(CLI::App& app, RegistryWords& words) {
  add_text(app, "model", words.model, "Of this model …", "MODEL");
  add_text(app, "app", words.app, "… this app", "APP");
  add_text(app, "--project", words.project, "The ports of the project in this folder", "DIR");
  add_text(app, "--reserved", words.reserved_for, "What was reserved under this name", "NAME");
}

void add_ports_options(CLI::App& app, PortsCommand command, RegistryWords& words) {
  switch (command) {
    case PortsCommand::list:
      add_filters(app, words);
      app.add_flag("--live", words.live, "Add who listens on each port now");
      break;
    case PortsCommand::watch:
      add_filters(app, words);
      break;
    case PortsCommand::get:
      add_get_options(app, words);
      break;
    case PortsCommand::release:
      add_release_options(app, words);
      break;
    case PortsCommand::check:
      app.add_flag("--fix", words.fix, "Mend what is safe; no process is ended and no .env changed");
      break;
    case PortsCommand::stats:
      add_text(app, "--pool", words.pool, "Only this pool", "POOL");
      break;
    case PortsCommand::gc:
      app.add_flag("--dry-run", words.dry_run, "Only show what would end");
      break;
    case PortsCommand::reserve:
      add_text(app, "ports", words.range, "A port, or a range", "PORT|A-B");
      add_text(app, "--for", words.reserved_for, "What they are for", "NAME");
      break;
    case PortsCommand::import:
      add_text(app, "file", words.file, "The old port_config.json, or what `export` wrote", "FILE");
      break;
    case PortsCommand::export_:
      add_text(app, "file", words.file, "Where to; default: standard output", "FILE");
      app.add_flag("--all-hosts", words.all_hosts, "Of other hosts, too");
      break;
    case PortsCommand::whose:
      add_text(app, "port", words.port, "The port", "PORT");
      break;
  }
}

std::string examples_footer(const std::string& examples) {
  return "Examples:\n" + examples + "\n\nGlobal options work here too: see devinit --help.";
}

template <class Value>
CLI::App& add_subcommand(CLI::App& app, const SubcommandText<Value>& text, std::optional<Value>& chosen) {
  auto* added = app.add_subcommand(text.name, text.summary);
  added->fallthrough();
  added->footer(examples_footer(text.examples));
  added->callback([&chosen, command = text.command] { chosen = command; });
  return *added;
}

template <class Value, std::size_t N>
bool names_one(const std::array<SubcommandText<Value>, N>& table, const std::string& word) {
  return std::ranges::any_of(table, [&word](const auto& text) { return text.name == word; });
}

void add_scaffold_options(CLI::App& app, RegistryWords& words) {
  add_text(app, "--model", words.model, "The model that the app belongs to", "MODEL");
  add_text(app, "--app", words.app, "The number of the app, 1 or more", "APP");
  add_texts(app, "--set", words.set, "The text for {{NAME}} in the template", "NAME=TEXT");
  app.add_flag("--dry-run", words.dry_run, "Show the files and ports, write nothing");
  app.add_flag("--overwrite", words.overwrite, "Replace DEST when it exists");
}

void add_scaffold_subcommand(CLI::App& app, const SubcommandText<ScaffoldCommand>& text, RegistryWords& words) {
  auto& added = add_subcommand(app, text, words.scaffold);
  switch (text.command) {
    case ScaffoldCommand::check:
      add_text(added, "root", words.path, "The folder that the apps are in", "ROOT");
      break;
    case ScaffoldCommand::fix:
      add_text(added, "path", words.path, "The folder that the apps are in, or one app", "ROOT|APP");
      added.add_flag("--dry-run", words.dry_run, "Show what would change, write nothing");
      break;
    case ScaffoldCommand::create:
    case ScaffoldCommand::list:
      break;
  }
}

/// Whether the value of the option `word` is the next word.
bool takes_next_word(const std::string& word, std::initializer_list<const CLI::App*> apps) {
  const auto has_value = [&apps](const std::string& name) {
    return std::ranges::any_of(apps, [&name](const CLI::App* app) {
      const auto* option = app->get_option_no_throw(name);
      return option != nullptr && option->get_items_expected_min() > 0;
    });
  };
  if (word.starts_with("--")) return word.find('=') == std::string::npos && has_value(word);
  for (std::size_t letter = 1; letter < word.size(); ++letter) {  // -qC DIR; in -CDIR the value is attached
    if (has_value(std::string("-") + word[letter])) return letter + 1 == word.size();
  }
  return false;
}

}  // namespace

std::size_t first_plain_word(const Words& line, std::size_t from, std::initializer_list<const CLI::App*> apps) {
  for (std::size_t at = from; at < line.size(); ++at) {
    const std::string& word = line[at];
    if (word.size() < 2 || word.front() != '-' || word == "--") return at;
    if (takes_next_word(word, apps)) ++at;
  }
  return line.size();
}

void add_ports_command(CLI::App& app, const std::string& asked, RegistryWords& words) {
  app.footer(
      examples_footer("  devinit ports list                     who owns which port\n"
                      "  devinit ports get gpt-5 1              the ports of an app, for ever the same\n"
                      "  devinit ports whose 8000\n"
                      "  devinit ports check --fix"));
  const bool known = names_one(kPortsCommands, asked);
  for (const auto& text : kPortsCommands) {
    if (known && text.name != asked) continue;
    add_ports_options(add_subcommand(app, text, words.ports), text.command, words);
  }
}

void add_scaffold_command(CLI::App& app, const CLI::App& outer, const Words& behind, RegistryWords& words) {
  app.footer(
      examples_footer("  devinit scaffold react-flask generated/gpt-5/app1 --model gpt-5 --app 1\n"
                      "  devinit scaffold ./my-template app2 --model gpt-5 --app 2 --set TITLE='My app' --dry-run\n"
                      "  devinit scaffold list                  the built-in templates; ./list is a folder\n"
                      "  devinit scaffold check generated"));
  add_scaffold_options(app, words);
  const auto at = first_plain_word(behind, 0, {&outer, &app});
  const bool is_template = at < behind.size() && !names_one(kScaffoldCommands, behind[at]);
  if (is_template || at == behind.size()) {
    add_text(app, "template", words.template_name, "A built-in template, or a folder", "TEMPLATE");
    add_text(app, "dest", words.path, "The folder to make", "DEST");
  }
  for (const auto& text : kScaffoldCommands) {
    if (at == behind.size() || text.name == behind[at]) add_scaffold_subcommand(app, text, words);
  }
}

void add_run_command(CLI::App& app, RegistryWords& words) {
  app.footer(
      examples_footer("  devinit run -- uvicorn app.main:app    its flags for port and host are known\n"
                      "  devinit run --port 5051 --strict -- ./serve --listen {host}:{port}\n"
                      "  devinit run --range 5050-5100 -- flask --app app run") +
      "\nA pipe or a file on standard input is the command's; what is typed at a terminal does not reach it.");
  app.add_option("command", words.command, "The command and its arguments, untouched")
      ->type_name("COMMAND");  // for the help alone
  add_text(app, "--name", words.name, "What the run is called; default: the command", "NAME");
  add_text(app, "--port", words.port, "The port to try first (also API_PORT, PORT)", "PORT");
  add_text(app, "--range", words.range, "Where to look when it is busy (also AUTO_FIND_PORT, PORT_RANGE_START, PORT_RANGE_END)",
           "A-B");
  app.add_flag("--strict", words.strict, "That port or none");
  add_text(app, "--host", words.host, "The address to listen on (also HOST)", "ADDRESS");
}

Words cut_run_command(Words& line, std::size_t from, const CLI::App& outer, const CLI::App& run) {
  const auto at = first_plain_word(line, from, {&outer, &run});
  const auto cut = line.begin() + static_cast<std::ptrdiff_t>(at);
  Words command(at < line.size() && *cut == "--" ? cut + 1 : cut, line.end());
  line.erase(cut, line.end());
  return command;
}

}  // namespace devinit::cli
