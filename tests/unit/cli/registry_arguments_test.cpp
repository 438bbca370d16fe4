#include "cli/registry_arguments.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "cli/arguments.hpp"

namespace devinit::cli {
namespace {

using Line = std::vector<std::string>;

Arguments parsed(const Line& words, const os::Environment& environment = {}) {
  const auto result = parse_arguments(words, environment);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  REQUIRE(std::holds_alternative<Arguments>(*result));
  return std::get<Arguments>(*result);
}

Error refused(const Line& words, const os::Environment& environment = {}) {
  const auto result = parse_arguments(words, environment);
  INFO(Catch::StringMaker<Line>::convert(words));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::usage);
  CHECK_FALSE(result.error().message.empty());
  return result.error();
}

std::string help(const Line& words) {
  const auto result = parse_arguments(words, {});
  REQUIRE(result.has_value());
  REQUIRE(std::holds_alternative<HelpText>(*result));
  return std::get<HelpText>(*result).text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr std::array kPortsCommands{"list",    "get",    "release", "check", "stats", "gc",
                                    "reserve", "import", "export",  "whose", "watch"};

/// `words` between `before` and the rest of a command line.
Line line(Line before, const Line& words) {
  before.insert(before.end(), words.begin(), words.end());
  return before;
}

}  // namespace

TEST_CASE("an app's ports are asked for by model and number") {
  const auto arguments =
      parsed({"ports", "get", "anthropic_claude 4.5; \"x\"", "12", "--no-probe", "--env", "--pool", "claude"});
  CHECK(arguments.command == Command::ports);
  CHECK(arguments.ports.command == PortsCommand::get);
  CHECK(arguments.ports.model == "anthropic_claude 4.5; \"x\"");
  CHECK(arguments.ports.app == 12);
  CHECK(arguments.ports.env);
  CHECK_FALSE(arguments.ports.probe);
  CHECK(arguments.ports.pool == "claude");
  CHECK(parsed({"ports", "get", "m", "9007199254740992"}).ports.app == 9007199254740992);
  CHECK(parsed({"ports", "get", "--batch", "-"}).ports.batch == "-");
  CHECK(parsed({"ports", "get", "--", "-m", "1"}).ports.model == "-m");
  CHECK(parsed({"ports", "get", "[a,b]", "1"}).ports.model == "[a,b]");
}

TEST_CASE("global options stand anywhere, a registry among them") {
  for (const auto& words : std::vector<Line>{{"--registry", "ports", "ports", "get", "m", "1", "--json"},
                                             {"ports", "--json", "--registry=ports", "get", "m", "1"},
                                             {"-qC", "ports", "--registry", "ports", "ports", "--json", "get", "m", "1"},
                                             {"ports", "get", "m", "1", "--registry", "ports", "--json"}}) {
    const auto arguments = parsed(words);
    CHECK(arguments.registry == "ports");
    CHECK(arguments.json);
    CHECK(arguments.ports.model == "m");
  }
  CHECK(parsed({"start", "--registry", "/tmp/r.db"}).registry == "/tmp/r.db");
  CHECK(parsed({"-Cports", "status"}).directory == "ports");
  refused({"ports", "list", "--registry", ""});
}

TEST_CASE("a get needs one owner or a batch") {
  for (const auto& words : std::vector<Line>{{},
                                             {"m"},
                                             {"m", "1", "--batch", "-"},
                                             {"m", "--batch", "-"},
                                             {"", "1"},
                                             {"--batch", ""},
                                             {"m", "1", "2"},
                                             {"--batch", "-", "--env"},
                                             {"m", "1", "--env", "--json"},
                                             {"m", "1", "--pool", ""}}) {
    refused(line({"ports", "get"}, words));
  }
  CHECK(has(refused({"ports", "get", "gpt-5"}).message, "APP"));
}

TEST_CASE("app numbers are plain decimal numbers from 1 up") {
  for (const char* word : {"0", "-1", "+1", "010", "0x1", "1.0", "1e3", " 1", "", "one", "9007199254740993"}) {
    refused({"ports", "get", "m", word});
    refused({"scaffold", "t", "d", "--model", "m", "--app", word});
  }
}

TEST_CASE("roles have a name, a start and a step") {
  const auto roles = parsed({"ports", "get", "--role", "api=9000:10", "m", "1", "--role=web.v2=9005"}).ports.roles;
  REQUIRE(roles.size() == 2);
  CHECK(roles[0].name == "api");
  CHECK(roles[0].start == 9000);
  CHECK(roles[0].step == 10);
  CHECK(roles[1].name == "web.v2");
  CHECK(roles[1].start == 9005);
  CHECK(roles[1].step == 1);
  for (const char* role : {"api", "api=", "=9000", "api=0", "api=09000", "api=70000", "api=9000:", "api=9000:0", "api=9000:-1",
                           "api=9000:1:2", "a b=9000", "api=9000-9100", "api =9000", ""}) {
    CHECK(has(refused({"ports", "get", "m", "1", "--role", role}).message, "--role"));
  }
  CHECK(has(refused({"ports", "get", "m", "1", "--role", "a=1", "--role", "a=2"}).message, "twice"));
}

TEST_CASE("a list is filtered") {
  const auto ports = parsed({"ports", "list", "--kind", "app", "--model", "m", "--app", "3", "--role", "backend", "--pool",
                             "default", "--range", "8000-8099", "--live", "--all-hosts", "--project", "shop"});
  CHECK(ports.directory.empty());
  CHECK(ports.ports.project == "shop");
  CHECK(ports.ports.kind == "app");
  CHECK(ports.ports.app == 3);
  CHECK(ports.ports.role == "backend");
  CHECK(ports.ports.range == PortRange{8000, 8099});
  CHECK(ports.ports.live);
  CHECK(ports.ports.all_hosts);
  CHECK(parsed({"ports", "list"}).ports.kind.empty());
  CHECK(has(refused({"ports", "list", "--kind", "ap"}).hint, "`app`"));
  refused({"ports", "list", "--range", "8099-8000"});
  refused({"ports", "list", "--model", ""});
  refused({"ports", "watch", "--live"});
}

TEST_CASE("something is released by exactly one name") {
  CHECK(parsed({"ports", "release", "m", "2"}).ports.app == 2);
  CHECK(parsed({"ports", "release", "--project", "."}).ports.project == ".");
  CHECK(parsed({"ports", "release", "--reserved", "legacy"}).ports.name == "legacy");
  for (const auto& words : std::vector<Line>{{},
                                             {"m"},
                                             {"m", "1", "--project", "."},
                                             {"--project", ".", "--reserved", "x"},
                                             {"--reserved", ""},
                                             {"--project="}}) {
    refused(line({"ports", "release"}, words));
  }
}

TEST_CASE("ports and ranges are plain decimal numbers") {
  CHECK(parsed({"ports", "whose", "8000"}).ports.range == PortRange{8000, 8000});
  CHECK(parsed({"ports", "reserve", "8000", "--for", "x"}).ports.range == PortRange{8000, 8000});
  const auto reserved = parsed({"ports", "reserve", "8000-8009", "--for", "team search"}).ports;
  CHECK(reserved.range == PortRange{8000, 8009});
  CHECK(reserved.name == "team search");
  for (const char* word : {"0", "-1", "65536", "010", "0x50", " 80", "80 ", "8000.0", "+80", "http", "", "80-", "-80", "9-8"}) {
    refused({"ports", "whose", word});
    refused({"ports", "reserve", word, "--for", "x"});
    refused({"run", "--port", word, "--", "serve"});
    refused({"run", "--range", word, "--", "serve"});
  }
  refused({"ports", "whose", "80-90"});
  for (const auto& words : std::vector<Line>{
           {"reserve"}, {"reserve", "80"}, {"reserve", "--for", "x"}, {"reserve", "80", "--for", ""}, {"whose"}, {"import"}}) {
    refused(line({"ports"}, words));
  }
}

TEST_CASE("the small commands have their options") {
  CHECK(parsed({"ports", "check", "--fix"}).ports.fix);
  CHECK(parsed({"ports", "gc", "--dry-run"}).ports.dry_run);
  CHECK(parsed({"ports", "import", "old.json"}).ports.file == "old.json");
  CHECK(parsed({"ports", "export"}).ports.file.empty());
  CHECK(parsed({"ports", "export", "new.json"}).ports.file == "new.json");
  CHECK(parsed({"ports", "stats", "--pool", "p"}).ports.pool == "p");
  CHECK(parsed({"ports", "watch", "--kind", "project"}).ports.command == PortsCommand::watch);
  for (const char* name : kPortsCommands) refused({"ports", name, "one", "word", "too", "many"});
}

TEST_CASE("a misspelt subcommand or option gets a suggestion") {
  CHECK(has(refused({"ports"}).hint, "devinit ports list"));
  const auto unknown = refused({"ports", "relaese", "m", "1"});
  CHECK(has(unknown.message, "`ports relaese`"));
  CHECK(has(unknown.hint, "`release`"));
  CHECK(has(refused({"ports", "get", "m", "1", "--no-prob"}).hint, "`--no-probe`"));
  CHECK(has(refused({"ports", "get", "m", "1", "--jsno"}).hint, "`--json`"));
  CHECK(has(refused({"ports", "gc", "now"}).message, "ports gc takes no argument `now`"));
  CHECK(has(refused({"scafold", "list"}).hint, "`scaffold`"));
}

TEST_CASE("an app is scaffolded from a template") {
  const auto scaffold = parsed({"scaffold", "--set", "TITLE=A=b c", "react-flask", "--app", "7", "out/app7", "--model", "m",
                                "--set", "_x2=", "--dry-run", "--overwrite"})
                            .scaffold;
  CHECK(scaffold.command == ScaffoldCommand::create);
  CHECK(scaffold.template_name == "react-flask");
  CHECK(scaffold.path == "out/app7");
  CHECK(scaffold.model == "m");
  CHECK(scaffold.app == 7);
  CHECK(scaffold.set == std::vector<std::pair<std::string, std::string>>{{"TITLE", "A=b c"}, {"_x2", ""}});
  CHECK(scaffold.dry_run);
  CHECK(scaffold.overwrite);
  for (const auto& words : std::vector<Line>{{},
                                             {"t"},
                                             {"t", "d"},
                                             {"t", "d", "--model", "m"},
                                             {"t", "d", "--app", "1"},
                                             {"t", "d", "--model", "", "--app", "1"},
                                             {"t", "", "--model", "m", "--app", "1"},
                                             {"", "d", "--model", "m", "--app", "1"},
                                             {"t", "d", "e", "--model", "m", "--app", "1"}}) {
    refused(line({"scaffold"}, words));
  }
}

TEST_CASE("set names are identifiers, each once") {
  const Line base{"scaffold", "t", "d", "--model", "m", "--app", "1"};
  for (const char* set : {"", "X", "=x", "1x=y", "a-b=c", "a b=c", "../x=y", "ä=b"}) refused(line(base, {"--set", set}));
  CHECK(has(refused(line(base, {"--set", "A=1", "--set", "A=2"})).message, "twice"));
  CHECK(parsed(line(base, {"--set", "A=[1,2]"})).scaffold.set[0].second == "[1,2]");
}

TEST_CASE("scaffolded apps are checked, mended and templates listed") {
  CHECK(parsed({"scaffold", "check", "out"}).scaffold.command == ScaffoldCommand::check);
  const auto fix = parsed({"scaffold", "fix", "out/app1", "--dry-run"}).scaffold;
  CHECK(fix.command == ScaffoldCommand::fix);
  CHECK(fix.path == "out/app1");
  CHECK(fix.dry_run);
  CHECK(parsed({"scaffold", "list", "--json"}).scaffold.command == ScaffoldCommand::list);
  CHECK(parsed({"scaffold", "./check", "list", "--model", "m", "--app", "1"}).scaffold.template_name == "./check");
  for (const auto& words : std::vector<Line>{{"check"}, {"fix"}, {"check", "a", "b"}, {"list", "x"}, {"check", "out", "--fix"}})
    refused(line({"scaffold"}, words));
}

TEST_CASE("scaffold does not read FORCE_MODE") {
  const auto arguments = parsed({"scaffold", "list"}, {{"FORCE_MODE", "maybe"}});
  CHECK_FALSE(arguments.force_mode);
  refused({"ports", "list"}, {{"FORCE_MODE", "maybe"}});
}

TEST_CASE("a run takes its command untouched") {
  struct Case {
    Line words;
    Line command;
  };
  for (const auto& [words, command] :
       std::vector<Case>{{{"--", "serve", "--port", "{port}", "-q", "--"}, {"serve", "--port", "{port}", "-q", "--"}},
                         {{"serve", "--help", "--json"}, {"serve", "--help", "--json"}},
                         {{"--name", "api", "serve", "--", "x"}, {"serve", "--", "x"}},
                         {{"--port", "5051", "--strict", "--", "--odd"}, {"--odd"}},
                         {{"-C", "shop", "-q", "ports", "list"}, {"ports", "list"}},
                         {{"--", "sh", "-c", ""}, {"sh", "-c", ""}}}) {
    const auto arguments = parsed(line({"run"}, words));
    CHECK(arguments.command == Command::run);
    CHECK(arguments.run.command == command);
    CHECK_FALSE(arguments.json);
  }
}

TEST_CASE("a run has a name, a port, a range and a host") {
  const auto run = parsed({"--json", "run", "--name", "api", "--port=5051", "--range", "5050-5100", "--strict", "--host",
                           "0.0.0.0", "serve"})
                       .run;
  CHECK(run.name == "api");
  CHECK(run.port == Port(5051));
  CHECK(run.range == PortRange{5050, 5100});
  CHECK(run.strict);
  CHECK(run.host == "0.0.0.0");
  CHECK_FALSE(parsed({"run", "serve"}).run.port);
  for (const auto& words : std::vector<Line>{{},
                                             {"--"},
                                             {"--port", "5050"},
                                             {"--"},
                                             {"--name", "", "x"},
                                             {"--name", "a/b", "x"},
                                             {"--name", "9x", "x"},
                                             {"--name", "all", "x"},
                                             {"--host", "", "x"},
                                             {"--", ""}}) {
    refused(line({"run"}, words));
  }
  CHECK(has(refused({"run", "--prot", "5050", "serve"}).hint, "`--port`"));
}

TEST_CASE("the name of a run is refused with what is wrong with it") {
  CHECK(has(refused({"run", "--name", "all", "x"}).message, "it is reserved"));
  CHECK(has(refused({"run", "--name", "a b", "x"}).message, "it holds a blank"));
  const auto longest = refused({"run", "--name", std::string(300, 'x'), "x"}).message;
  CHECK(has(longest, "it is 300 bytes long"));
  CHECK(longest.size() < 200);
}

TEST_CASE("independent mistakes of a run are told together") {
  const auto error = refused({"run", "--name", "9", "--port", "0", "--range", "9-8", "--host", "", "x"}, {{"FORCE_MODE", "maybe"}});
  for (const char* part : {"--name `9`", "`0` is not a port", "`9-8` is not a range", "--host is empty", "FORCE_MODE must be"}) {
    CHECK(has(error.message, part));
  }
}

TEST_CASE("a lease has words of its own") {
  const auto arguments = parsed({"lease", "--json", "-x", "write", "--help"}, {{"FORCE_MODE", "maybe"}});
  CHECK(arguments.command == Command::lease);
  CHECK(arguments.words == Line{"--json", "-x", "write", "--help"});
  CHECK_FALSE(has(help({"--help"}), "lease "));
}

TEST_CASE("every command and subcommand has a help with examples") {
  for (const char* command : {"ports", "scaffold", "run"}) {
    CHECK(has(help({"--help"}), command));
    CHECK(has(help({command, "--help"}), std::string("Usage: devinit ") + command));
    CHECK(has(help({"help", command}), "Examples:\n  devinit"));
  }
  for (const char* name : kPortsCommands) {
    CHECK(has(help({"ports", "--help"}), name));
    CHECK(has(help({"ports", name, "-h"}), std::string("Usage: devinit ports ") + name));
    CHECK(has(help({"help", "ports", name}), std::string("Examples:\n  ")));
  }
  for (const char* name : {"check", "fix", "list"}) {
    CHECK(has(help({"scaffold", "--help"}), name));
    CHECK(has(help({"scaffold", name, "--help"}), std::string("Usage: devinit scaffold ") + name));
  }
  CHECK(has(help({"scaffold", "--help"}), "TEMPLATE"));
}

}  // namespace devinit::cli
