#include "config/config_file.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <random>

#include "unit/config/memory_files.hpp"

using namespace devinit::config;
using devinit::Errc;
using devinit::Millis;
using devinit::Port;
using devinit::PortRange;
using devinit::Result;

namespace {

Result<ProjectConfig> parse(std::string_view text, const Variables& variables = {}, const MemoryFiles& files = MemoryFiles{}) {
  return parse_config(text, "devinit.json", "folder", variables, files);
}

std::string mistakes(std::string_view text, const Variables& variables = {}, const MemoryFiles& files = MemoryFiles{}) {
  const auto parsed = parse(text, variables, files);
  if (parsed) return "";
  CHECK(parsed.error().code == Errc::config);
  return parsed.error().message;
}

/// A project with one service that has a command, a port and `members`.
std::string with_service(const std::string& members) {
  return R"({"services": {"api": {"command": "run", "port": 8000, )" + members + "}}}";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* kFull = R"(// everything that is acted on
{
  "$schema": ".devinit/schema.json",
  "project": "shop",
  "env": { "LOG_LEVEL": "${LOG_LEVEL:-info}", "SHARED": "top" },
  "env_files": [".env"],
  "runtime_env": { "NEXT_PUBLIC_API_URL": "{backend.url}" },
  "on_conflict": "ask",
  "ports": { "range": "3000-9999", "deny": [5000, 7000] },
  "services": {
    "postgres": {
      "command": ["postgres", "-D", ".pg", "-p", "{port}", ""],
      "port": 5432,
      "ready": "port",
      "stop": { "signal": "SIGINT", "grace": "10s", "to": "leader" }
    },
    "backend": {
      "kind": "service",
      "command": "uvicorn app.main:app --port {port}",
      "cwd": "./backend/",
      "port": { "prefer": 8000, "range": "8000-8099", "strict": true, "host": "127.0.0.1" },
      "ports": { "metrics": 9100, "debug": "auto" },
      "env": { "DATABASE_URL": "postgresql://localhost:{postgres.port}/shop", "SHARED": "own", "EMPTY": "" },
      "env_files": ["backend/.env"],
      "depends_on": { "postgres": "ready" },
      "ready": { "http": "/health", "status": 204, "timeout": "2s", "period": "50ms", "deadline": "90s" },
      "restart": { "policy": "always", "max": 3, "never_on": [64, 0] },
      "replicas": 1,
      "tty": false,
      "log": { "max_size": "1MB", "keep": 2 },
      "disabled": false
    },
    "worker": { "command": "work {backend.ports.metrics}", "depends_on": ["backend", "postgres"], "restart": "never" },
    "migrate": { "kind": "task", "command": "up", "run": "once", "inputs": ["db/**"], "depends_on": { "postgres": "started" } },
    "web": { "command": "w{index}", "port": 3000, "replicas": 2, "socket": "inherit", "on_dependency_loss": "stop",
      "depends_on": { "migrate": "completed_successfully" }, "limits": { "memory": "1GB", "cpu": 0.5, "umask": "022" },
      "ready": { "log": "ready (in|after) [0-9]+" }, "live": { "exec": ["ok"], "action": "mark" }, "hooks": { "after_exit": "x" },
      "watch": { "paths": ["web"], "ignore": ["**/*.log"], "action": "migrate" } },
    "nightly": { "kind": "scheduled", "command": "r", "schedule": "every 15m" },
    "search": { "kind": "external", "port": 9200, "ready": { "http": "/" } }
  }
}
)";

}  // namespace

TEST_CASE("a full configuration is read in every detail") {
  const auto parsed = parse(kFull, {{"LOG_LEVEL", ""}});
  REQUIRE((parsed ? "" : parsed.error().message) == "");
  const ProjectConfig& config = *parsed;
  CHECK(config.name == "shop");
  CHECK(config.file == "devinit.json");
  CHECK(config.on_conflict == ConflictRule::ask);
  CHECK(config.automatic_range == PortRange{3000, 9999});
  CHECK(config.denied_ports == std::vector<Port>{5000, 7000});
  CHECK(config.runtime_env == std::vector<std::pair<std::string, std::string>>{{"NEXT_PUBLIC_API_URL", "{backend.url}"}});
  REQUIRE(config.services.size() == 8);

  const ServiceConfig& postgres = config.services[0];
  CHECK(std::get<1>(postgres.command) == std::vector<std::string>{"postgres", "-D", ".pg", "-p", "{port}", ""});
  CHECK(postgres.port->prefer == 5432);
  CHECK(postgres.stop.signal == SIGINT);
  CHECK(postgres.stop.grace == Millis(10'000));
  CHECK(postgres.stop.to == StopTarget::leader);
  CHECK(postgres.env_files == std::vector<std::string>{".env"});

  const ServiceConfig& backend = config.services[1];
  CHECK(std::get<0>(backend.command) == "uvicorn app.main:app --port {port}");
  CHECK(backend.cwd == "backend");
  CHECK(backend.port->prefer == 8000);
  CHECK(backend.port->range == PortRange{8000, 8099});
  CHECK(backend.port->strict);
  CHECK(backend.port->host == "127.0.0.1");
  CHECK(backend.port->source == PortSource::config);
  REQUIRE(backend.ports.size() == 2);
  CHECK(backend.ports[0].first == "metrics");
  CHECK(backend.ports[0].second.prefer == 9100);
  CHECK_FALSE(backend.ports[1].second.prefer);
  CHECK(backend.env ==
        std::vector<std::pair<std::string, std::string>>{{"LOG_LEVEL", "info"},
                                                         {"SHARED", "own"},
                                                         {"DATABASE_URL", "postgresql://localhost:{postgres.port}/shop"},
                                                         {"EMPTY", ""}});
  CHECK(backend.env_files == std::vector<std::string>{".env", "backend/.env"});
  CHECK(backend.depends_on == std::vector<Dependency>{{"postgres", DependencyCondition::ready}});
  CHECK(backend.ready.kind == ProbeKind::http);
  CHECK(backend.ready.http_path == "/health");
  CHECK(backend.ready.http_status == 204);
  CHECK(backend.ready.timeout == Millis(2000));
  CHECK(backend.ready.period == Millis(50));
  CHECK(backend.ready.deadline == Millis(90'000));
  CHECK(backend.restart.policy == RestartPolicy::always);
  CHECK(backend.restart.max == 3);
  CHECK(backend.restart.never_on == std::vector<int>{64, 0});
  CHECK(backend.log.max_size == 1U << 20);
  CHECK(backend.log.keep == 2);

  const ServiceConfig& worker = config.services[2];
  CHECK_FALSE(worker.port);
  CHECK(worker.ready.kind == ProbeKind::none);
  CHECK(worker.restart.policy == RestartPolicy::never);
  CHECK(worker.restart.max == 5);
  CHECK(config.services.back().kind == ServiceKind::external);
}

TEST_CASE("what is not said has the documented defaults") {
  const auto parsed = parse(R"({"services": {"api": {"command": "run", "port": "auto", "ready": {"deadline": "500ms"}}}})");
  REQUIRE(parsed.has_value());
  CHECK(parsed->name == "folder");
  CHECK_FALSE(parsed->on_conflict);
  const ServiceConfig& api = parsed->services.front();
  CHECK(api.port);
  CHECK_FALSE(api.port->prefer);
  CHECK(api.cwd.empty());
  CHECK(api.ready.kind == ProbeKind::port);
  CHECK(api.ready.timeout == Millis(500));  // never longer than the whole start
  CHECK(api.stop.signal == SIGTERM);
  CHECK(api.stop.grace == Millis(5000));
  CHECK(api.stop.to == StopTarget::group);
  CHECK(api.restart.policy == RestartPolicy::on_failure);
  CHECK(api.log.keep == 5);
}

TEST_CASE("a mistake in a service is said with its place and a hint") {
  const auto [members, expected] = GENERATE(table<std::string, std::string>({
      {R"("comand": 1)", "unknown key `comand` (did you mean `command`?)"},
      {R"("zzzzzzzz": 1)", "unknown key `zzzzzzzz`"},
      {R"("cwd": "../x")", "`cwd` `../x` is not inside the project"},
      {R"("cwd": "a/../../x")", "`cwd` `a/../../x` is not inside the project"},
      {R"("cwd": "/tmp")", "`cwd` `/tmp` is not inside the project"},
      {R"("env": {"A": 3000})", "`env.A` must be a string, not 3000 (write it in quotes: \"3000\")"},
      {R"("env": {"A=B": "x"})", "`A=B` cannot name a variable"},
      {R"("env": {"": "x"})", "`` cannot name a variable"},
      {R"("env": [])", "`env` must be an object, not an array"},
      {R"("env": {"A": "${X"})", "`env.A`: a `${` that is never closed"},
      {R"("env": {"A": "${1X}"})", "`env.A`: `${1X}` is not a variable"},
      {R"("env": {"A": "${X-y}"})", "`env.A`: `${X-y}` is not a variable"},
      {R"("env": {"A": "${X:?say where}"})", "`env.A`: the variable `X` is not set: `say where`"},
      {R"("env_files": ".env")", "`env_files` must be an array of strings, not the string `.env` (put it into [ ])"},
      {R"("env_files": ["../.env"])", "`env_files` `../.env` is no file inside the project"},
      {R"("env_files": ["."])", "`env_files` `.` is no file inside the project"},
      {R"("ready": "/health")", "`ready` must be \"port\", \"notify\" or an object, not the string `/health` ({\"http\": \"/health\"})"},
      {R"("ready": {"http": "health"})", "`ready.http` must be a path, not `health`"},
      {R"("ready": {"http": "/a b"})", "`ready.http` must be a path"},
      {R"("ready": {"status": 200})", "`ready.status` needs `ready.http`"},
      {R"("ready": {"http": "/", "status": 99})", "`ready.status` must be a whole number from 100 to 599, not 99"},
      {R"("ready": {"timeout": "90s"})", "`ready.timeout` 1m 30s is longer than `ready.deadline` 1m"},
      {R"("ready": {"timeout": 5})", "`ready.timeout` must be a duration, not 5"},
      {R"("ready": {"deadline": "0s"})", "`ready.deadline` must be at least 1ms, not `0s`"},
      {R"("stop": {"signal": "SIGTREM"})", "`stop.signal` must be one of \"SIGTERM\", "},
      {R"("stop": {"signal": 15})", "`stop.signal` must be one of"},
      {R"("stop": {"grace": "5"})", "`stop.grace` must be a duration, not the string `5`"},
      {R"("stop": {"to": "all"})", "`stop.to` must be one of \"leader\", \"group\", \"tree\", not the string `all`"},
      {R"("stop": "SIGINT")", "`stop` must be an object, not the string `SIGINT`"},
      {R"("restart": "on_failure")", "not the string `on_failure` (did you mean \"on-failure\"?)"},
      {R"("restart": {"max": 0})", "`restart.max` must be a whole number from 1 to 1000, not 0"},
      {R"("restart": {"max": 2.5})", "`restart.max` must be a whole number from 1 to 1000, not 2.5"},
      {R"("restart": {"never_on": 64})", "`restart.never_on` must be an array of exit codes, not 64"},
      {R"("restart": {"never_on": [256]})", "`restart.never_on` must be a whole number from 0 to 255, not 256"},
      {R"("log": {"max_size": 10})", "`log.max_size` must be a size of at least 1KB, not 10"},
      {R"("log": {"max_size": "0MB"})", "`log.max_size` must be a size of at least 1KB"},
      {R"("log": {"keep": -1})", "`log.keep` must be a whole number from 0 to 100, not -1"},
      {R"("disabled": "true")", "`disabled` must be true or false, not the string `true` (without quotes)"},
      {R"("disabled": True)", "`True` is not a value"},
      {R"("depends_on": "db")", "`depends_on` must be an array of strings, not the string `db`"},
      {R"("depends_on": ["apo"])", "`api` depends on `apo`, which does not exist (did you mean `api`?)"},
      {R"("depends_on": ["api"])", "a cycle of dependencies: api -> api"},
      {R"("depends_on": {"x": "healthy"})", "`depends_on.x` must be one of \"ready\", \"started\""},
      {R"("kind": "sevice")", "`kind` must be one of \"service\", "},
      {R"("preset": "nxet")", "there is no preset `nxet` (did you mean \"next\"?)"},
      {R"("ports": {"a.b": 1})", "`a.b` cannot name a port"},
      {R"("ports": {"m": 0})", "`ports.m` must be 1 to 65535, not 0"},
      {R"("ports": [9100])", "`ports` must be an object, not an array"},
      {R"("tty": true)", "`tty: true` is part of the language"},
  }));
  CAPTURE(members);
  const std::string message = mistakes(with_service(members));
  CAPTURE(message);
  CHECK(message.rfind("devinit.json:1:", 0) == 0);
  CHECK(contains(message, expected));
}

TEST_CASE("a port that is not written as one is said") {
  const auto [port, expected] = GENERATE(table<std::string, std::string>({
      {"70000", "`port` must be 1 to 65535, not 70000"},
      {"0", "`port` must be 1 to 65535, not 0"},
      {"-1", "`port` must be 1 to 65535, not -1"},
      {"3000.5", "`port` must be a number from 1 to 65535, not 3000.5"},
      {"3e3", "`port` must be a number from 1 to 65535, not 3e3"},
      {"\"3000\"", "`port` must be a number from 1 to 65535, not the string `3000` (write it without quotes: 3000)"},
      {"\"Auto\"", "`port` must be a number, \"auto\" or an object, not the string `Auto`"},
      {"true", "`port` must be a number from 1 to 65535, not true"},
      {"null", "`port` must be a number from 1 to 65535, not null"},
      {"010", "`010` is not a number in JSON"},
      {R"({"prefer": "8000"})", "`port.prefer` must be a number from 1 to 65535, not the string `8000`"},
      {R"({"prefer": 8000, "range": "9000-9100"})", "`port.prefer` 8000 lies outside its range 9000-9100"},
      {R"({"range": "9100-9000"})", "`port.range` must be a range of ports, not the string `9100-9000`"},
      {R"({"range": 9000})", "`port.range` must be a range of ports, not 9000"},
      {R"({"strict": "yes"})", "`port.strict` must be true or false, not the string `yes`"},
      {R"({"host": ""})", "`port.host` must be a text, not an empty string"},
      {R"({"host": "a b"})", "`port.host` is no address"},
      {R"({"perfer": 1})", "unknown key `perfer` (did you mean `prefer`?)"},
  }));
  CAPTURE(port);
  const std::string message = mistakes(R"({"services": {"api": {"command": "run", "port": )" + port + "}}}");
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("a mistake at the top level is said") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"[]", "`devinit.json` must be an object, not an array"},
      {"{}", "`services` is missing"},
      {R"({"services": {}})", "`services` is empty"},
      {R"({"services": []})", "`services` must be an object, not an array"},
      {R"({"service": {}, "services": {"a": {"command": "x"}}})", "unknown key `service` (did you mean `services`?)"},
      {R"({"project": "", "services": {"a": {"command": "x"}}})", "`project` must be a text, not an empty string"},
      {R"({"project": "a\nb", "services": {"a": {"command": "x"}}})", "`project` must be one line"},
      {R"({"on_conflict": "kil", "services": {"a": {"command": "x"}}})", "(did you mean \"kill\"?)"},
      {R"({"ports": {"range": "x"}, "services": {"a": {"command": "x"}}})", "`ports.range` must be a range of ports"},
      {R"({"ports": {"deny": 5000}, "services": {"a": {"command": "x"}}})", "`ports.deny` must be an array of ports and ranges, not 5000"},
      {R"({"ports": {"deny": [0]}, "services": {"a": {"command": "x"}}})", "`ports.deny` must be 1 to 65535, not 0"},
      {R"({"profiles": [], "services": {"a": {"command": "x"}}})", "`profiles` must be an object, not an array"},
      {R"({"profiles": {"p": []}, "services": {"a": {"command": "x"}}})", "the profile `p` is empty"},
      {R"({"profiles": {"p": "a"}, "services": {"a": {"command": "x"}}})", "`profiles.p` must be an array of strings"},
      {R"({"profiles": {"p": ["aip"]}, "services": {"api": {"command": "x"}}})",
       "the profile `p` names `aip`, which does not exist (did you mean `api`?)"},
      {R"({"profiles": {"a b": ["a"]}, "services": {"a": {"command": "x"}}})", "`a b` cannot name a profile"},
      {R"({"runtime_env": {"A-B": "x"}, "services": {"a": {"command": "x"}}})", "`A-B` cannot name a variable"},
      {R"({"runtime_env": {"A": "x\ny"}, "services": {"a": {"command": "x"}}})", "`runtime_env.A` must be one line"},
      {R"({"runtime_env": {"A": "{port}"}, "services": {"a": {"command": "x"}}})", "{port} means a service's own port"},
      {R"({"services": {"a": {}}})", "`a` needs a `command` or a `preset`"},
      {R"({"services": {"a": 5}})", "`a` must be an object, not 5"},
      {R"({"services": {"a": {"command": ""}}})", "`command` names no program (a command line for `sh -c`"},
      {R"({"services": {"a": {"command": []}}})", "`command` must not be an empty array"},
      {R"({"services": {"a": {"command": [""]}}})", "`command` must be a text, not an empty string"},
      {R"({"services": {"a": {"command": ["x", 5]}}})", "`command` must be a string, not 5"},
      {R"({"services": {"a": {"command": {}}}})", "`command` must be a string or an array, not an object"},
      {R"({"services": {"all": {"command": "x"}}})", "`all` cannot name a service"},
      {R"({"services": {"ports": {"command": "x"}}})", "`ports` cannot name a service"},
      {R"({"services": {"1a": {"command": "x"}}})", "`1a` cannot name a service"},
      {R"({"services": {"a b": {"command": "x"}}})", "`a b` cannot name a service"},
      {R"({"services": {"": {"command": "x"}}})", "`` cannot name a service"},
      {R"({"services": {"a-b": {"command": "x"}, "a.b": {"command": "x"}}})", "`a-b` and `a.b` would both be A_B_PORT"},
      {R"({"services": {"a": {"command": "x", "ports": {"b": 1}}, "a_b": {"command": "x"}}})",
       "`a.b` and `a_b` would both be A_B_PORT"},
      {R"({"services": {"a": {"command": "x"}, "a": {"command": "x"}}})", "`a` is here twice"},
      {R"({"services": {"a": {"command": "x", "port": 80}, "b": {"command": "x", "ports": {"m": 80}}}})",
       "port 80 is named by both `a` and `b` (`ports.m`)"},
      {R"({"services": {"a": {"command": "x", "ready": "port"}}})", "`ready` of `a` needs a `port`"},
      {R"({"services": {"a": {"command": "x", "ready": {"http": "/"}}}})", "`ready` of `a` needs a `port`"},
      {R"({"services": {"a": {"kind": "external"}}})", "the external service `a` needs a `port`"},
      {R"({"services": {"a": {"kind": "external", "port": "auto"}}})", "the port of an external service cannot be \"auto\""},
      {R"({"services": {"a": {"kind": "external", "port": {"strict": true}}}})",
       "the port of an external service needs `prefer`"},
      {R"({"services": {"a": {"kind": "external", "port": 80, "command": "x"}}})", "an external service has no `command`"},
      {R"({"services": {"a": {"command": "x", "depends_on": ["b"]}, "b": {"command": "x", "disabled": true}}})",
       "`a` depends on `b`, which is disabled"},
      {R"({"services": {"a": {"command": "x", "depends_on": ["b", "b"]}, "b": {"command": "x"}}})",
       "`depends_on` names `b` twice"},
      {R"({"services": {"a": {"command": "x {backned.port}"}, "backend": {"command": "x", "port": 80}}})",
       "a template names the service `backned`, which does not exist (did you mean `backend`?)"},
      {R"({"services": {"a": {"command": "x {port}"}}})", "a template names the port of `a`, which has none"},
      {R"({"services": {"a": {"command": "x {ports.metrisc}", "ports": {"metrics": 1}}}})",
       "a template names the port `metrisc` of `a`, which has no such port (did you mean `metrics`?)"},
      {R"({"env": {"X": "{a.port}"}, "services": {"a": {"command": "x"}, "b": {"command": "x"}}})",
       "a template names the port of `a`, which has none"},
  }));
  CAPTURE(text);
  const std::string message = mistakes(text);
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("what this version does not act on is one clear mistake each") {
  CHECK(
      mistakes(R"({"services": {
    "cache": {"compose": "c.yml", "services": ["redis"], "port": 6379, "down": false, "required": true}
  }})") ==
      "devinit.json:2:15: `compose` is part of the language, but this version does not act on it yet (leave it out for now)\n"
      "devinit.json:2:35: `services` is part of the language, but this version does not act on it yet (leave it out for now)\n"
      "devinit.json:2:72: `down` is part of the language, but this version does not act on it yet (leave it out for now)\n"
      "devinit.json:2:87: `required` is part of the language, but this version does not act on it yet (leave it out for now)");
}

TEST_CASE("all mistakes of a file are said at once, in its order") {
  const std::string message = mistakes(R"({
  "projct": "shop",
  "services": {
    "backend": {"command": "x", "port": 70000, "cwd": "../up", "depends_on": ["frontend"]},
    "frontend": {"port": 010, "depends_on": ["backend", "db"]},
    "frontend": {"command": "y"}
  }
})");
  CHECK(message ==
        "devinit.json:2:3: unknown key `projct` (did you mean `project`?)\n"
        "devinit.json:4:41: `port` must be 1 to 65535, not 70000\n"
        "devinit.json:4:55: `cwd` `../up` is not inside the project (relative to the project's root)\n"
        "devinit.json:5:5: `frontend` needs a `command` or a `preset` (\"command\": \"npm run dev\")\n"
        "devinit.json:5:26: `010` is not a number in JSON (plain decimal: no leading zero, plus sign, hexadecimal or unit)\n"
        "devinit.json:5:46: a cycle of dependencies: backend -> frontend -> backend (one of them has to start first)\n"
        "devinit.json:5:57: `frontend` depends on `db`, which does not exist\n"
        "devinit.json:6:5: `frontend` is here twice (the first is in line 5)");
}

TEST_CASE("a cycle of dependencies is drawn as a path, without those who only lead to it") {
  const std::string message = mistakes(R"({"services": {
    "entry": {"command": "x", "depends_on": ["a"]},
    "a": {"command": "x", "depends_on": ["b"]},
    "b": {"command": "x", "depends_on": {"c": "started"}},
    "c": {"command": "x", "depends_on": ["a"]},
    "d": {"command": "x", "depends_on": ["e"]},
    "e": {"command": "x", "depends_on": ["d", "a"]}
  }})");
  CHECK(message ==
        "devinit.json:5:42: a cycle of dependencies: a -> b -> c -> a (one of them has to start first)\n"
        "devinit.json:7:42: a cycle of dependencies: d -> e -> d (one of them has to start first)");
}

TEST_CASE("a diamond of dependencies is no cycle") {
  CHECK(mistakes(R"({"services": {
    "a": {"command": "x", "depends_on": ["b", "c"]}, "b": {"command": "x", "depends_on": ["d"]},
    "c": {"command": "x", "depends_on": ["d"]}, "d": {"command": "x"}
  }})") == "");
}

TEST_CASE("a long chain of dependencies needs no deep stack") {
  std::string text = R"({"services": {"s0": {"command": "x"})";
  for (int i = 1; i < 4000; ++i) {
    text += ",\"s" + std::to_string(4000 - i) + R"(": {"command": "x", "depends_on": ["s)" + std::to_string(3999 - i) + "\"]}";
  }
  CHECK(mistakes(text + "}}") == "");
}

TEST_CASE("two disabled services may want the same port, and an alternative may be switched off") {
  CHECK(mistakes(R"({"services": {"a": {"command": "x", "port": 80}, "b": {"command": "y", "port": 80, "disabled": true}}})") ==
        "");
}

TEST_CASE("variables are filled into the environment") {
  const Variables variables{{"SET", "value"}, {"EMPTY", ""}, {"LIKE_TEMPLATE", "{api.port} {x}"}, {"DIR", "conf"}};
  const auto [written, filled] = GENERATE(table<std::string, std::string>({
      {"${SET}", "value"},
      {"a${SET}b${SET}", "avaluebvalue"},
      {"${UNSET}", ""},
      {"${UNSET:-x}", "x"},
      {"${EMPTY:-x}", "x"},
      {"${SET:-x}", "value"},
      {"${UNSET:-}", ""},
      {"${UNSET:-${SET}}", "value"},
      {"${UNSET:-http://{api.port}/}", "http://{api.port}/"},
      {"${SET:?needed}", "value"},
      {"$${SET}", "${SET}"},
      {"$SET $ $$ {x}", "$SET $ $$ {x}"},
      {"${LIKE_TEMPLATE}", "{{api.port}} {x}"},
  }));
  CAPTURE(written);
  const auto parsed = parse(with_service(R"("env_files": ["${DIR}/.env"], "env": {"A": ")" + written + "\"}"), variables);
  REQUIRE((parsed ? "" : parsed.error().message) == "");
  CHECK(parsed->services[0].env.front().second == filled);
  CHECK(parsed->services[0].env_files.front() == "conf/.env");
}

TEST_CASE("variables nested without end are refused") {
  std::string nested;
  for (int i = 0; i < 10'000; ++i) nested += "${A:-";
  nested.append(10'000, '}');
  CHECK(contains(mistakes(with_service("\"env\": {\"A\": \"" + nested + "\"}")), "nested deeper than 16 levels"));
}

TEST_CASE("commands and runtime_env keep their variables for those who read them") {
  const auto parsed =
      parse(R"({"runtime_env": {"A": "${HOME}"}, "services": {"api": {"command": "echo ${HOME} '{print $1}'"}}})");
  REQUIRE(parsed.has_value());
  CHECK(std::get<0>(parsed->services[0].command) == "echo ${HOME} '{print $1}'");
  CHECK(parsed->runtime_env.front().second == "${HOME}");
}

TEST_CASE("a template may name a passive key of .ports.json") {
  const std::string text = R"({"services": {"api": {"command": "x {postgres.port}"}}})";
  CHECK(contains(mistakes(text), "the service `postgres`, which does not exist"));
  MemoryFiles files{{".ports.json", R"({"postgres": 5432})"}};
  CHECK(mistakes(text, {}, files) == "");
}

TEST_CASE("a preset fills what the service leaves open") {
  MemoryFiles files{{"web/package.json", R"({"scripts": {"dev": "next dev"}, "dependencies": {"next": "14"}})"}};
  const auto parsed = parse(R"({"services": {
    "frontend": {"preset": "next", "cwd": "web", "env": {"BROWSER": "firefox"}},
    "other": {"preset": "next", "cwd": "web", "port": {"range": "3000-3099"}},
    "third": {"preset": "next", "cwd": "web", "port": {"range": "4000-4099"}},
    "own": {"preset": "next", "cwd": "web", "command": "mine", "port": 3333, "ready": {"http": "/"}}
  }})",
                            {}, files);
  REQUIRE((parsed ? "" : parsed.error().message) == "");
  const auto& services = parsed->services;
  CHECK(services[0].preset == "next");
  CHECK(services[0].port->prefer == 3000);
  CHECK(services[0].port->source == PortSource::preset);
  CHECK(services[0].ready.kind == ProbeKind::port);
  CHECK_FALSE(std::get<0>(services[0].command).empty());
  CHECK(services[0].env.front() == std::pair<std::string, std::string>{"BROWSER", "firefox"});
  CHECK(services[1].port->prefer == 3000);
  CHECK(services[1].port->range == PortRange{3000, 3099});
  CHECK(services[1].port->source == PortSource::preset);
  CHECK_FALSE(services[2].port->prefer);
  CHECK(std::get<0>(services[3].command) == "mine");
  CHECK(services[3].port->source == PortSource::config);
}

TEST_CASE("signals may be named with and without SIG") {
  CHECK(parse(with_service(R"("stop": {"signal": "QUIT"})"))->services[0].stop.signal == SIGQUIT);
  CHECK(parse(with_service(R"("stop": {"signal": "SIGQUIT"})"))->services[0].stop.signal == SIGQUIT);
}

TEST_CASE("a configuration cut off at any byte is refused") {
  const std::string whole(kFull);
  const std::size_t end = whole.rfind('}');
  for (std::size_t length = 0; length <= end; ++length) {
    if (parse(whole.substr(0, length))) FAIL("cut at byte " << length << " was accepted");
  }
}

TEST_CASE("random damage to a configuration is read or reported") {
  std::mt19937 random(7);  // the same damage in every run
  const std::string_view spice = "{}[]\",:\\$-.0aZ \n\x00\xC3";
  const std::string whole(kFull);
  for (int round = 0; round < 1000; ++round) {
    std::string text = whole;
    for (auto damage = random() % 3 + 1; damage > 0; --damage) text[random() % text.size()] = spice[random() % spice.size()];
    const auto parsed = parse(text);
    if (!parsed && parsed.error().message.rfind("devinit.json:", 0) != 0) FAIL("no place: " << parsed.error().message);
  }
}

TEST_CASE("no mistake repeats control characters of the file") {
  const std::string message =
      mistakes(R"({"\u001b[31m": 1, "services": {"\u202eevil": {"command": "x", "stop": {"to": "\u0007"}}}})");
  CHECK(contains(message, "\\u001B"));
  CHECK(contains(message, "\\u202E"));
  CHECK(std::none_of(message.begin(), message.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7F; }));
}
