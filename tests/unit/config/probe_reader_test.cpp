#include "config/probe_reader.hpp"

#include "unit/config/parsing.hpp"

using namespace devinit::config;
using devinit::Millis;

namespace {

ProbeSpec ready(const std::string& json) { return parsed(with_service("\"ready\": " + json)).services.front().ready; }
LiveSpec live(const std::string& json) { return *parsed(with_service("\"live\": " + json)).services.front().live; }

}  // namespace

TEST_CASE("every kind of readiness is read") {
  CHECK(ready("\"port\"").kind == ProbeKind::port);
  CHECK(ready("\"notify\"").kind == ProbeKind::notify);
  CHECK(ready("{}").kind == ProbeKind::port);
  CHECK(ready(R"({"notify": true})").kind == ProbeKind::notify);
  CHECK(ready(R"({"exec": ["pg_isready", "-p", "{port}"]})").exec ==
        Command(std::vector<std::string>{"pg_isready", "-p", "{port}"}));
  CHECK(ready(R"({"exec": "test -e x"})").exec == Command("test -e x"));
  CHECK(ready(R"({"exec": "test -e x"})").kind == ProbeKind::exec);
  CHECK(ready(R"({"log": "ready in \\d+ms"})").log == "ready in \\d+ms");
  CHECK(ready(R"({"log": "x"})").kind == ProbeKind::log);
  CHECK(ready(R"({"file": "/run/{port}.pid"})").file == "/run/{port}.pid");
  CHECK(ready(R"({"file": "x"})").kind == ProbeKind::file);
  CHECK(ready(R"({"delay": "2s"})").delay == Millis(2000));
  CHECK(ready(R"({"delay": "0s"})").kind == ProbeKind::delay);
}

TEST_CASE("every number of a probe is read") {
  const ProbeSpec probe = ready(
      R"({"http": "/h", "status": 204, "headers": {"Host": "x", "X-Port": "{port}"}, "initial_delay": "1s", "period": "200ms",
          "timeout": "2s", "success_threshold": 2, "failure_threshold": 7, "deadline": "30s"})");
  CHECK(probe.kind == ProbeKind::http);
  CHECK(probe.http_path == "/h");
  CHECK(probe.http_status == 204);
  CHECK(probe.http_headers == std::vector<std::pair<std::string, std::string>>{{"Host", "x"}, {"X-Port", "{port}"}});
  CHECK(probe.initial_delay == Millis(1000));
  CHECK(probe.period == Millis(200));
  CHECK(probe.timeout == Millis(2000));
  CHECK(probe.success_threshold == 2);
  CHECK(probe.failure_threshold == 7);
  CHECK(probe.deadline == Millis(30'000));
}

TEST_CASE("variables are filled into headers") {
  const auto config = parsed(with_service(R"("ready": {"http": "/", "headers": {"Authorization": "Bearer ${TOKEN}"}})"),
                             MemoryFiles{}, {{"TOKEN", "{port}"}});
  CHECK(config.services[0].ready.http_headers.front().second == "Bearer {{port}}");
}

TEST_CASE("liveness has the same kinds and an action") {
  const LiveSpec plain = live(R"({"http": "/health"})");
  CHECK(plain.probe.kind == ProbeKind::http);
  CHECK(plain.probe.period == Millis(10'000));
  CHECK(plain.probe.failure_threshold == 3);
  CHECK(plain.action == LiveAction::restart);
  const LiveSpec full = live(R"({"exec": ["ok"], "period": "5s", "failure_threshold": 1, "action": "mark"})");
  CHECK(full.probe.kind == ProbeKind::exec);
  CHECK(full.probe.period == Millis(5000));
  CHECK(full.probe.failure_threshold == 1);
  CHECK(full.action == LiveAction::mark);
  CHECK(live("\"port\"").probe.kind == ProbeKind::port);
  CHECK(live(R"({"notify": true, "period": "3s"})").probe.kind == ProbeKind::notify);
}

TEST_CASE("a service without a port may be asked in another way") {
  const auto config = parsed(R"({"services": {
    "a": {"command": "x", "ready": {"exec": ["ok"]}, "live": {"file": "alive"}},
    "b": {"command": "x", "ready": {"deadline": "5s"}},
    "c": {"command": "x", "ready": "notify"}
  }})");
  CHECK(config.services[0].ready.kind == ProbeKind::exec);
  CHECK(config.services[1].ready.kind == ProbeKind::none);
  CHECK(config.services[2].ready.kind == ProbeKind::notify);
}

TEST_CASE("a mistake in a probe is said") {
  const auto [members, expected] = GENERATE(table<std::string, std::string>({
      {R"("ready": {"http": "/", "exec": ["x"]})", "`ready` names two kinds of probe: `http` and `exec`"},
      {R"("ready": {"log": "a", "file": "b", "delay": "1s"})", "`ready` names two kinds of probe: `log` and `delay`"},
      {R"("ready": {"exec": []})", "`ready.exec` must not be an empty array"},
      {R"("ready": {"exec": ""})", "`ready.exec` names no program (a command line for `sh -c`, or an array: the program and its arguments)"},
      {R"("ready": {"http": "/", "action": "mark"})", "`ready` has no `action` (`live` has: what happens when it does not answer any more)"},
      {R"("ready": {"exec": {}})", "`ready.exec` must be a string or an array, not an object"},
      {R"("ready": {"exec": ["pg_isready", "{dp.port}"]})", "a template names the service `dp`, which does not exist"},
      {R"("ready": {"log": "a(b"})", "`ready.log` is no regular expression: a `(` or `)` without the other (at character"},
      {R"("ready": {"log": ""})", "`ready.log` must be a text, not an empty string"},
      {R"("ready": {"notify": false})", "`ready.notify` can only be true"},
      {R"("ready": {"notify": "yes"})", "`ready.notify` must be true or false, not the string `yes`"},
      {R"("ready": {"file": 5})", "`ready.file` must be a string, not 5"},
      {R"("ready": {"delay": 5})", "`ready.delay` must be a duration, not 5"},
      {R"("ready": {"delay": "2m"})", "`ready.delay` 2m is longer than `ready.deadline` 1m"},
      {R"("ready": {"http": "/", "initial_delay": "2m"})", "`ready.initial_delay` 2m is longer than `ready.deadline` 1m"},
      {R"("ready": {"log": "x", "period": "1s"})", "`ready.period` has no meaning with `log`"},
      {R"("ready": {"notify": true, "failure_threshold": 3})", "`ready.failure_threshold` has no meaning with `notify`"},
      {R"("ready": {"delay": "1s", "initial_delay": "1s"})", "`ready.initial_delay` has no meaning with `delay`"},
      {R"("ready": {"file": "x", "timeout": "1s"})", "`ready.timeout` has no meaning with `file`"},
      {R"("ready": {"exec": ["x"], "status": 200})", "`ready.status` needs `ready.http`"},
      {R"("ready": {"headers": {"A": "b"}})", "`ready.headers` needs `ready.http`"},
      {R"("ready": {"http": "/", "headers": []})", "`ready.headers` must be an object, not an array"},
      {R"("ready": {"http": "/", "headers": {"A:": "b"}})", "`A:` cannot name a header"},
      {R"("ready": {"http": "/", "headers": {"A": 5}})", "`ready.headers.A` must be a string, not 5"},
      {R"("ready": {"http": "/", "headers": {"A": "b\r\nC: d"}})", "`ready.headers.A` must be one line"},
      {R"("ready": {"http": "/", "headers": {"A": "${B:?say it}"}})",
       "`ready.headers.A`: the variable `B` is not set: `say it`"},
      {R"("ready": {"success_threshold": 0})", "`ready.success_threshold` must be a whole number from 1 to 1000, not 0"},
      {R"("ready": {"failure_threshold": 0})", "`ready.failure_threshold` must be a whole number from 1 to 100000, not 0"},
      {R"("ready": {"action": "mark"})", "`ready` has no `action`"},
      {R"("ready": "ntify")", "`ready` must be \"port\", \"notify\" or an object, not the string `ntify`"},
      {R"("live": "/health")",
       "`live` must be \"port\", \"notify\" or an object, not the string `/health` ({\"http\": \"/health\"})"},
      {R"("live": 5)", "`live` must be an object, not 5"},
      {R"("live": {"http": "/", "action": "kill"})",
       "`live.action` must be one of \"restart\", \"mark\", not the string `kill`"},
      {R"("live": {"http": "/", "deadline": "1s"})", "`live` has no `deadline`"},
      {R"("live": {"log": "x"})", "`live` cannot ask by `log`"},
      {R"("live": {"delay": "1s"})", "`live` cannot ask by `delay`"},
      {R"("live": {"http": "/", "exec": "x"})", "`live` names two kinds of probe: `http` and `exec`"},
  }));
  CAPTURE(members);
  const std::string message = mistakes_in(with_service(members));
  CAPTURE(message);
  CHECK(contains(message, expected));
}

TEST_CASE("a probe of the port needs one") {
  const auto [members, expected] = GENERATE(table<std::string, std::string>({
      {R"("ready": "port")", "`ready` of `a` needs a `port`"},
      {R"("ready": {"http": "/"})", "`ready` of `a` needs a `port`"},
      {R"("live": {"http": "/"})", "`live` of `a` needs a `port`"},
      {R"("live": {"period": "1s"})", "`live` of `a` needs a `port`"},
  }));
  CAPTURE(members);
  CHECK(contains(mistakes_in(R"({"services": {"a": {"command": "x", )" + members + "}}}"), expected));
}
