#include "config/watch_reader.hpp"

#include <csignal>

#include "unit/config/parsing.hpp"

using namespace devinit::config;
using devinit::Millis;
using Texts = std::vector<std::string>;

namespace {

std::string with_task(const std::string& watch) {
  return R"({"services": {"gen": {"kind": "task", "command": "x"}, "api": {"command": "x", "watch": )" + watch + "}}}";
}
WatchSpec watch(const std::string& json) { return *parsed(with_task(json)).services.back().watch; }

}  // namespace

TEST_CASE("a watch is read in full") {
  const WatchSpec spec =
      watch(R"({"paths": ["./src/", "."], "ignore": ["**/*.log"], "debounce": "50ms", "action": "restart", "cascade": true})");
  CHECK(spec.paths == Texts{"src", ""});
  CHECK(spec.ignore == Texts{"**/*.log"});
  CHECK(spec.debounce == Millis(50));
  CHECK(spec.action == WatchSpec::Action::restart);
  CHECK(spec.cascade);
}

TEST_CASE("an array is a watch that restarts") {
  const WatchSpec spec = watch(R"(["src"])");
  CHECK(spec.paths == Texts{"src"});
  CHECK(spec.debounce == Millis(100));
  CHECK(spec.action == WatchSpec::Action::restart);
}

TEST_CASE("a watch may signal or run a task") {
  CHECK(watch(R"({"paths": ["a"], "action": "SIGHUP"})").signal == SIGHUP);
  CHECK(watch(R"({"paths": ["a"], "action": "SIGHUP"})").action == WatchSpec::Action::signal);
  CHECK(watch(R"({"paths": ["a"], "action": "gen"})").task == "gen");
  CHECK(watch(R"({"paths": ["a"], "action": "gen"})").action == WatchSpec::Action::task);
}

TEST_CASE("a mistake in a watch is said") {
  const auto [json, expected] = GENERATE(table<std::string, std::string>({
      {"5", "`watch` must be an object, not 5"},
      {"[]", "`watch.paths` is empty"},
      {"{}", "`watch.paths` is missing"},
      {R"({"paths": "src"})", "`watch.paths` must be an array of strings, not the string `src` (put it into [ ])"},
      {R"(["../x"])", "`watch.paths` `../x` is not inside the project"},
      {R"({"paths": ["a"], "ignore": ["/tmp"]})", "`watch.ignore` `/tmp` is not inside the project"},
      {R"({"paths": ["a"], "ignore": ["["]})", "`watch.ignore` `[` has a `[` that is never closed"},
      {R"({"paths": ["a"], "ignore": ["**/*.{js,ts"]})", "`watch.ignore` `**/*.{js,ts` has a `{` that is never closed"},
      {R"({"paths": ["a"], "debounce": 5})", "`watch.debounce` must be a duration, not 5"},
      {R"({"paths": ["a"], "action": "SIGHPU"})", "`watch.action` must be one of \"SIGTERM\""},
      {R"({"paths": ["a"], "action": "gne"})",
       "must be \"restart\", a signal or the name of a task, not the string `gne` (did you mean \"gen\"?)"},
      {R"({"paths": ["a"], "action": "resart"})", "(did you mean \"restart\"?)"},
      {R"({"paths": ["a"], "action": "api"})", "`watch.action` names `api`, which is no task"},
      {R"({"paths": ["a"], "action": "SIGHUP", "cascade": true})",
       "`watch.cascade` has a meaning only when the action is \"restart\""},
      {R"({"path": ["a"], "paths": ["a"]})", "unknown key `path` (did you mean `paths`?)"},
  }));
  CAPTURE(json);
  const std::string message = mistakes_in(with_task(json));
  CAPTURE(message);
  CHECK(contains(message, expected));
}
