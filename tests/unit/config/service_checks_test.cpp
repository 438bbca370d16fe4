#include "config/service_checks.hpp"

#include "unit/config/parsing.hpp"

using namespace devinit::config;
using devinit::Millis;

namespace {

ServiceConfig service(const std::string& json) { return parsed(R"({"services": {"a": )" + json + "}}").services.front(); }

}  // namespace

TEST_CASE("a task is read, and is not run again by itself") {
  const ServiceConfig task = service(R"({"kind": "task", "command": "x", "run": "once", "inputs": ["./db/**"]})");
  CHECK(task.kind == ServiceKind::task);
  CHECK(task.run == TaskRun::once);
  CHECK(task.inputs == std::vector<std::string>{"db/**"});
  CHECK(task.restart.policy == RestartPolicy::never);
  CHECK(task.ready.kind == ProbeKind::none);
  CHECK(service(R"({"kind": "task", "command": "x"})").run == TaskRun::each);
  CHECK(service(R"({"kind": "task", "command": "x", "restart": "on-failure"})").restart.policy == RestartPolicy::on_failure);
  CHECK(service(R"({"kind": "task", "command": "x", "restart": {"max": 2}})").restart.policy == RestartPolicy::on_failure);
}

TEST_CASE("a schedule is an interval or a cron expression") {
  CHECK(service(R"({"kind": "scheduled", "command": "x", "schedule": "every 15m"})").schedule->every == Millis(900'000));
  const ServiceConfig nightly = service(R"({"kind": "scheduled", "command": "x", "schedule": "0 3 * * *"})");
  CHECK(nightly.schedule->cron == "0 3 * * *");
  CHECK_FALSE(nightly.schedule->every);
  CHECK(nightly.restart.policy == RestartPolicy::never);
}

TEST_CASE("an external service has a port, or another sign of life") {
  CHECK(service(R"({"kind": "external", "port": 80})").ready.kind == ProbeKind::port);
  CHECK(service(R"({"kind": "external", "ready": {"exec": ["ok"]}})").ready.kind == ProbeKind::exec);
  CHECK(service(R"({"kind": "external", "ready": {"file": "/run/x"}})").ready.kind == ProbeKind::file);
  CHECK(service(R"({"kind": "external", "port": 80, "live": {"http": "/"}})").live->action == LiveAction::mark);
}

TEST_CASE("hooks, the stop command, the socket and the loss of a dependency are read") {
  const auto config = parsed(R"({"services": {"db": {"command": "x"}, "a": {"command": "x", "port": 80, "socket": "inherit",
    "hooks": {"before_start": "b", "after_ready": "r", "before_stop": "s", "after_exit": "e"},
    "stop": {"command": ["halt", "{port}"]}, "depends_on": ["db"], "on_dependency_loss": "restart"}}})");
  const ServiceConfig& a = config.services.back();
  CHECK(a.hooks == HooksSpec{"b", "r", "s", "e"});
  CHECK(a.stop.command == Command(std::vector<std::string>{"halt", "{port}"}));
  CHECK(a.socket == SocketPassing::inherit);
  CHECK(a.on_dependency_loss == DependencyLoss::restart);
  CHECK(service(R"({"command": "x", "socket": "none"})").socket == SocketPassing::none);
}

TEST_CASE("what does not go together is said, in one line") {
  const auto [json, expected] = GENERATE(table<std::string, std::string>({
      {R"({"command": "x", "run": "once"})", "a service has no `run` (\"kind\": \"task\" runs to its end)"},
      {R"({"command": "x", "inputs": ["y"]})", "a service has no `inputs`"},
      {R"({"command": "x", "schedule": "every 5m"})",
       "a service has no `schedule` (\"kind\": \"scheduled\" runs at its times)"},
      {R"({"kind": "task"})", "`a` needs a `command`"},
      {R"({"kind": "task", "command": "x", "live": {"exec": "y"}})", "a task has no `live` (it runs to its end)"},
      {R"({"kind": "task", "command": "x", "ready": {"exec": "y"}})",
       "a task has no `ready` (it is ready when it has completed)"},
      {R"({"kind": "task", "command": "x", "watch": ["y"]})", "a task has no `watch` (the `watch` of a service can run it"},
      {R"({"kind": "task", "command": "x", "schedule": "every 5m"})", "a task has no `schedule`"},
      {R"({"kind": "task", "command": "x", "port": 80, "socket": "inherit"})", "a task has no `socket`"},
      {R"({"kind": "task", "command": "x", "preset": "next"})", "a task has no `preset`"},
      {R"({"kind": "task", "command": "x", "replicas": 2})", "a task has no `replicas`"},
      {R"({"kind": "task", "command": "x", "inputs": ["y"]})", "`inputs` needs `\"run\": \"once\"`"},
      {R"({"kind": "task", "command": "x", "run": "twice"})",
       "`run` must be one of \"each\", \"once\", not the string `twice`"},
      {R"({"kind": "task", "command": "x", "run": "once", "inputs": ["/etc/x"]})",
       "`inputs` `/etc/x` is not inside the project"},
      {R"({"kind": "task", "command": "x", "restart": "always"})", "a task cannot be restarted always"},
      {R"({"kind": "scheduled", "command": "x"})", "the scheduled task `a` needs a `schedule`"},
      {R"({"kind": "scheduled", "command": "x", "schedule": "every 5"})", "`schedule` `every 5` names no duration"},
      {R"({"kind": "scheduled", "command": "x", "schedule": "every 10ms"})", "is more often than once a second (at least 1s: \"every 15m\")"},
      {R"({"kind": "scheduled", "command": "x", "schedule": "every 25h"})", "names no duration (at most 24h: \"every 15m\")"},
      {R"({"kind": "scheduled", "command": "x", "schedule": "0 0 30 2 *"})",
       "devinit.json:1:70: `schedule` `0 0 30 2 *` never comes: no month has such a day"},
      {R"({"kind": "task", "command": "x", "run": "once", "inputs": ["{a,b"]})",
       "`inputs` `{a,b` has a `{` that is never closed (a name with this character in it: `\\{`)"},
      {R"({"command": "x", "restart": {"policy": "never", "max": 3}})",
       "`restart.max` has no meaning with the policy \"never\" (it is about being started again)"},
      {R"({"command": "x", "restart": {"policy": "never", "never_on": [1]}})", "`restart.never_on` has no meaning"},
      {R"({"command": "x", "replicas": "2"})",
       "`replicas` must be a whole number from 1 to 100, not the string `2` (write it without quotes: 2)"},
      {R"({"command": "x", "limits": {"nofile": "64"}})", "(write it without quotes: 64)"},
      {R"({"command": "x", "stop": {"command": ""}})", "`stop.command` names no program (a command line"},
      {R"({"kind": "scheduled", "command": "x", "schedule": "61 * * * *"})", "`schedule` `61 * * * *`: "},
      {R"({"kind": "scheduled", "command": "x", "schedule": 5})", "`schedule` must be a string, not 5"},
      {R"({"kind": "scheduled", "command": "x", "schedule": "every 5m", "run": "once"})", "a scheduled task has no `run`"},
      {R"({"kind": "external", "port": 80, "command": "x"})",
       "an external service has no `command` (it is run by others and only checked)"},
      {R"({"kind": "external", "port": 80, "hooks": {}})", "an external service has no `hooks`"},
      {R"({"kind": "external", "port": 80, "restart": "never"})", "an external service has no `restart`"},
      {R"({"kind": "external", "port": 80, "depends_on": []})", "an external service has no `depends_on`"},
      {R"({"kind": "external", "port": 80, "limits": {}})", "an external service has no `limits`"},
      {R"({"kind": "external", "port": 80, "replicas": 2})", "an external service has no `replicas`"},
      {R"({"kind": "external", "port": 80, "ready": {"log": "x"}})", "an external service cannot be asked in this way"},
      {R"({"kind": "external", "port": 80, "ready": "notify"})", "an external service cannot be asked in this way"},
      {R"({"kind": "external", "port": 80, "live": "notify"})", "an external service cannot be asked in this way"},
      {R"({"kind": "external", "port": 80, "live": {"http": "/", "action": "restart"}})",
       "an external service cannot be restarted"},
      {R"({"kind": "external"})",
       "the external service `a` needs a `port` (or a `ready` that can do without: `exec` or `file`)"},
      {R"({"command": "x", "socket": "inherit"})", "`socket` of `a` needs a `port`"},
      {R"({"command": "x", "socket": "inhert"})", "`socket` must be one of \"none\", \"inherit\""},
      {R"({"command": "x", "on_dependency_loss": "stop"})", "`on_dependency_loss` needs `depends_on`"},
      {R"({"command": "x", "depends_on": [], "on_dependency_loss": "kill"})", "`on_dependency_loss` must be one of"},
      {R"({"command": "x", "hooks": []})", "`hooks` must be an object, not an array"},
      {R"({"command": "x", "hooks": {"before_start": ["a"]}})", "`hooks.before_start` must be a string, not an array"},
      {R"({"command": "x", "hooks": {"after_exit": ""}})", "`hooks.after_exit` must be a text, not an empty string"},
      {R"({"command": "x", "hooks": {"before_strat": "a"}})", "unknown key `before_strat` (did you mean `before_start`?)"},
      {R"({"command": "x", "hooks": {"after_ready": "curl {port}"}})", "a template names the port of `a`, which has none"},
      {R"({"command": "x", "stop": {"command": "curl {b.port}"}})", "a template names the service `b`, which does not exist"},
      {R"({"command": "x", "stop": {"command": []}})", "`stop.command` must not be an empty array"},
  }));
  CAPTURE(json);
  const std::string message = mistakes_in(R"({"services": {"a": )" + json + "}}");
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}
