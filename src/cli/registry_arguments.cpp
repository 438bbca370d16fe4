#include "cli/registry_arguments.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/suggest.hpp"
#include "cli/app_request.hpp"
#include "cli/registry_command_line.hpp"
#include "cli/usage_mistakes.hpp"
#include "config/port_rules.hpp"
#include "config/run_command.hpp"

namespace devinit::cli {
namespace {

Error usage_error(std::string message, std::string hint = {}) {
  return Error(Errc::usage, std::move(message), std::move(hint));
}

std::string quoted(const std::string& text) { return "`" + text + "`"; }

/// A text that was given and must say something.
Result<std::string> read_text(const RegistryWords::Text& text, const char* what) {
  if (!text) return std::string();
  if (text->empty()) return usage_error(std::string(what) + " is empty");
  return *text;
}

Result<std::optional<std::int64_t>> read_app(const RegistryWords::Text& text) {
  if (!text) return std::optional<std::int64_t>();
  const auto app = config::parse_app_number(*text);
  if (!app) return usage_error(quoted(*text) + " is not an app number", "app numbers are plain decimal numbers from 1 up");
  return app;
}

Result<Port> read_port(const std::string& text) {
  const auto port = parse_port(text);
  if (!port) return usage_error(quoted(text) + " is not a port", "ports are plain decimal numbers from 1 to 65535");
  return *port;
}

Result<std::optional<PortRange>> read_range(const RegistryWords::Text& text) {
  if (!text) return std::optional<PortRange>();
  const auto range = parse_port_range(*text);
  if (!range)
    return usage_error(quoted(*text) + " is not a range of ports", "for example 9000-9099, the smaller one first; or one port");
  return range;
}

Result<RoleOption> read_role(const std::string& text) {
  const auto broken = [&text](const std::string& why) {
    return usage_error("--role " + text + ": " + why, "NAME=START or NAME=START:STEP, for example --role api=9000:10");
  };
  const auto equals = text.find('=');
  if (equals == std::string::npos) return broken("where its ports start is missing");
  RoleOption role{text.substr(0, equals), 0, 1};
  if (!config::is_role_name(role.name)) return broken("a name is made of letters, digits, -, _ and .");
  const auto colon = text.find(':', equals);
  const auto start =
      parse_port(std::string_view(text).substr(equals + 1, colon == std::string::npos ? colon : colon - equals - 1));
  if (!start) return broken("START must be a port, 1 to 65535");
  role.start = *start;
  if (colon == std::string::npos) return role;
  const auto step = parse_port(std::string_view(text).substr(colon + 1));
  if (!step) return broken("STEP must be a plain decimal number, 1 to 65535");
  role.step = *step;
  return role;
}

Result<std::vector<RoleOption>> read_roles(const Words& texts) {
  std::vector<RoleOption> roles;
  for (const auto& text : texts) {
    TRY_ASSIGN(auto role, read_role(text));
    const bool twice = std::ranges::any_of(roles, [&role](const RoleOption& other) { return other.name == role.name; });
    if (twice) return usage_error("--role " + role.name + " is given twice");
    roles.push_back(std::move(role));
  }
  return roles;
}

Result<std::string> read_kind(const RegistryWords::Text& text) {
  constexpr std::array kKinds{"project", "app", "reserved"};
  if (!text) return std::string();
  if (std::ranges::find(kKinds, *text) != kKinds.end()) return *text;
  const auto close = nearest(*text, {kKinds.begin(), kKinds.end()});
  return usage_error("--kind must be project, app or reserved, not " + quoted(*text),
                     close ? "did you mean " + quoted(*close) + "?" : std::string());
}

Result<> check_get(const PortsArguments& ports, const RegistryWords& words) {
  const std::string hint = "devinit ports get gpt-5 1; or devinit ports get --batch FILE";
  if (words.batch) {
    if (words.model) return usage_error("MODEL APP or --batch, not both", hint);
    if (ports.env) return usage_error("--env or --batch, not both", "the answers of a batch are JSON lines");
    return {};
  }
  if (!words.model) return usage_error("whose ports? MODEL and APP are missing", hint);
  if (!words.app) return usage_error("which app of " + quoted(*words.model) + "? APP is missing", hint);
  return {};
}

Result<> check_release(const RegistryWords& words) {
  const std::string hint = "devinit ports release gpt-5 1; --project DIR; --reserved NAME";
  const int given = (words.model ? 1 : 0) + (words.project ? 1 : 0) + (words.reserved_for ? 1 : 0);
  if (given == 0) return usage_error("what shall be released?", hint);
  if (given > 1) return usage_error("one at a time: MODEL APP, --project or --reserved", hint);
  if (words.model && !words.app) {
    return usage_error("which app of " + quoted(*words.model) + "? APP is missing",
                       "devinit ports list --kind app shows all apps");
  }
  return {};
}

/// Two roles that one variable would stand for: my-role and my_role.
Result<> check_variables(const std::vector<RoleOption>& roles) {
  std::map<std::string, std::string> names;
  for (const auto& role : roles) {
    const auto line = port_variable(role.name, 1);
    const auto variable = line.substr(0, line.find('='));
    const auto [other, is_new] = names.emplace(variable, role.name);
    if (!is_new) return usage_error("--env: the roles " + other->second + " and " + role.name + " are both " + variable, "rename one of them");
  }
  return {};
}

/// What a command cannot do without, and what excludes each other.
Result<> check_ports(const PortsArguments& ports, const RegistryWords& words) {
  switch (ports.command) {
    case PortsCommand::get:
      return check_get(ports, words);
    case PortsCommand::release:
      return check_release(words);
    case PortsCommand::reserve:
      if (!words.range)
        return usage_error("which ports? PORT or A-B is missing", "devinit ports reserve 9000-9099 --for search");
      if (!words.reserved_for)
        return usage_error("what for? --for NAME is missing", "devinit ports reserve " + *words.range + " --for NAME");
      return {};
    case PortsCommand::import:
      return words.file ? Result<>() : usage_error("which file? FILE is missing", "devinit ports import port_config.json");
    case PortsCommand::whose:
      return words.port ? Result<>() : usage_error("which port? PORT is missing", "devinit ports whose 8000");
    case PortsCommand::list:
    case PortsCommand::check:
    case PortsCommand::stats:
    case PortsCommand::gc:
    case PortsCommand::export_:
    case PortsCommand::watch:
      return {};
  }
  return {};
}

Result<std::vector<std::pair<std::string, std::string>>> read_settings(const Words& texts) {
  std::vector<std::pair<std::string, std::string>> settings;
  std::set<std::string> names;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos)
      return usage_error("--set " + text + " has no value", "--set NAME=TEXT; the text may be empty");
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
    };
    if (name.empty() || (name.front() >= '0' && name.front() <= '9') || !std::ranges::all_of(name, is_plain)) {
      return usage_error("--set " + text + ": " + quoted(name) + " is no name",
                         "letters, digits and _, no digit first: --set TITLE=Shop");
    }
    if (!names.insert(name).second) return usage_error("--set " + name + " is given twice");
    settings.emplace_back(name, text.substr(equals + 1));
  }
  return settings;
}

/// TEMPLATE DEST --model M --app N, all of them.
Result<> check_create(const RegistryWords& words) {
  const std::string hint = "devinit scaffold react-flask generated/gpt-5/app1 --model gpt-5 --app 1";
  if (!words.template_name)
    return usage_error("which template? TEMPLATE and DEST are missing",
                       hint + "; devinit scaffold list shows the built-in ones");
  if (!words.path) return usage_error("where to? DEST is missing", hint);
  if (!words.model) return usage_error("whose app? --model is missing", hint);
  if (!words.app) return usage_error("which app of " + quoted(*words.model) + "? --app is missing", hint);
  return {};
}

/// The rules for the name of a service, which the command of a run is.
Result<> check_run_name(const std::string& name) {
  constexpr std::size_t kShown = 64;
  const auto mistake = config::run_name_mistake(name);
  if (!mistake) return {};
  const auto shown = name.size() > kShown ? name.substr(0, kShown) + "…" : name;
  return usage_error("--name " + quoted(shown) + " cannot name a run: it " + *mistake,
                     "letters, digits, -, _ and ., a letter first; without --name a run is called after its program");
}

}  // namespace

Result<PortsArguments> read_ports_arguments(const RegistryWords& words) {
  if (!words.ports)
    return usage_error("ports needs a command", "devinit ports list shows every port; devinit ports --help lists all commands");
  PortsArguments ports;
  ports.command = *words.ports;
  ports.env = words.env;
  TRY(check_ports(ports, words));
  TRY_ASSIGN(ports.model, read_text(words.model, "MODEL"));
  TRY_ASSIGN(ports.app, read_app(words.app));
  TRY_ASSIGN(ports.batch, read_text(words.batch, "--batch"));
  TRY_ASSIGN(ports.roles, read_roles(words.roles));
  if (ports.env) TRY(check_variables(ports.roles));
  TRY_ASSIGN(ports.pool, read_text(words.pool, "--pool"));
  TRY_ASSIGN(ports.kind, read_kind(words.kind));
  TRY_ASSIGN(ports.role, read_text(words.role, "--role"));
  TRY_ASSIGN(ports.project, read_text(words.project, "--project"));
  TRY_ASSIGN(ports.name, read_text(words.reserved_for, ports.command == PortsCommand::reserve ? "--for" : "--reserved"));
  TRY_ASSIGN(ports.range, read_range(words.range));
  TRY_ASSIGN(ports.file, read_text(words.file, "FILE"));
  if (words.port) {
    TRY_ASSIGN(const Port port, read_port(*words.port));
    ports.range = PortRange{port, port};
  }
  ports.probe = !words.no_probe;
  ports.live = words.live;
  ports.all_hosts = words.all_hosts;
  ports.fix = words.fix;
  ports.dry_run = words.dry_run;
  return ports;
}

Result<ScaffoldArguments> read_scaffold_arguments(const RegistryWords& words) {
  ScaffoldArguments scaffold;
  scaffold.command = words.scaffold.value_or(ScaffoldCommand::create);
  if (scaffold.command == ScaffoldCommand::create) {
    TRY(check_create(words));
  } else if (scaffold.command != ScaffoldCommand::list && !words.path) {
    return usage_error("which folder? ROOT is missing", "devinit scaffold check generated");
  }
  TRY_ASSIGN(scaffold.template_name, read_text(words.template_name, "TEMPLATE"));
  TRY_ASSIGN(scaffold.path, read_text(words.path, scaffold.command == ScaffoldCommand::create ? "DEST" : "ROOT"));
  TRY_ASSIGN(scaffold.model, read_text(words.model, "--model"));
  TRY_ASSIGN(const auto app, read_app(words.app));
  scaffold.app = app.value_or(0);
  TRY_ASSIGN(scaffold.set, read_settings(words.set));
  scaffold.dry_run = words.dry_run;
  scaffold.overwrite = words.overwrite;
  return scaffold;
}

Result<RunArguments> read_run_arguments(const RegistryWords& words) {
  RunArguments run;
  if (words.command.empty() || words.command.front().empty()) {
    return usage_error("run needs a command", "devinit run -- uvicorn app.main:app");
  }
  UsageMistakes mistakes;
  if (words.name) mistakes.note(check_run_name(*words.name));
  if (words.port) mistakes.read(run.port, read_port(*words.port));
  mistakes.read(run.range, read_range(words.range));
  mistakes.read(run.host, read_text(words.host, "--host"));
  TRY(mistakes.result());
  run.name = words.name.value_or("");
  run.strict = words.strict;
  run.command = words.command;
  return run;
}

}  // namespace devinit::cli
