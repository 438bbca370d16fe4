#include "config/validation.hpp"

#include "unit/config/parsing.hpp"

using namespace devinit::config;

TEST_CASE("all conditions of a dependency are read") {
  const auto config = parsed(R"({"services": {
    "db": {"command": "x"}, "migrate": {"kind": "task", "command": "x"}, "seed": {"kind": "task", "command": "x"},
    "api": {"command": "x", "depends_on": {"db": "started", "migrate": "completed_successfully", "seed": "completed"}},
    "web": {"command": "x", "depends_on": ["api", "seed"]}
  }})");
  CHECK(config.services[3].depends_on == std::vector<Dependency>{{"db", DependencyCondition::started},
                                                                 {"migrate", DependencyCondition::completed_successfully},
                                                                 {"seed", DependencyCondition::completed}});
  CHECK(config.services[4].depends_on ==
        std::vector<Dependency>{{"api", DependencyCondition::ready}, {"seed", DependencyCondition::ready}});
}

TEST_CASE("profiles are read") {
  const auto config = parsed(
      R"({"profiles": {"api": ["db", "api", "old"], "db-only": ["db"]}, "services": {"db": {"command": "x"},
      "api": {"command": "x"}, "old": {"command": "x", "disabled": true}}})");
  CHECK(config.profiles == std::map<std::string, std::vector<std::string>>{{"api", {"db", "api"}}, {"db-only", {"db"}}});
}

TEST_CASE("a condition that never comes true is said") {
  const auto [kind, expected] = GENERATE(table<std::string, std::string>({
      {R"("command": "x")", "`b` is no task: it is never `completed` (\"ready\" or \"started\")"},
      {R"("kind": "external", "port": 80)", "`b` is run by others: it is never `completed` (\"ready\")"},
      {R"("kind": "scheduled", "command": "x", "schedule": "every 1h")",
       "`a` depends on `b`, which runs at its times and is never ready (what has to be done first is a `\"kind\": \"task\"`)"},
      {R"("kind": "task", "command": "x", "disabled": true)", "`a` depends on `b`, which is disabled"},
  }));
  CAPTURE(kind);
  const std::string message =
      mistakes_in(R"({"services": {"a": {"command": "x", "depends_on": {"b": "completed"}}, "b": {)" + kind + "}}}");
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("nobody waits for the first process of what others run, nor for a schedule at all") {
  const auto depending = [](const std::string& condition, const std::string& kind) {
    return mistakes_in(R"({"services": {"a": {"command": "x", "depends_on": {"b": ")" + condition + R"("}}, "b": {)" + kind + "}}}");
  };
  const std::string external = R"("kind": "external", "port": 80)";
  const std::string scheduled = R"("kind": "scheduled", "command": "x", "schedule": "every 1h")";
  CHECK(depending("ready", external) == "");
  CHECK(contains(depending("started", external), "`b` is run by others: it is never `started` (\"ready\")"));
  CHECK(contains(depending("completed_successfully", external), "`b` is run by others"));
  for (const char* condition : {"ready", "started", "completed", "completed_successfully"}) {
    CAPTURE(condition);
    CHECK(contains(depending(condition, scheduled), "`a` depends on `b`, which runs at its times and is never ready"));
  }
}

TEST_CASE("a profile has a name of its own and names a service once") {
  const auto profiles = [](const std::string& json) {
    return mistakes_in(R"({"services": {"db": {"command": "x"}}, "profiles": )" + json + "}");
  };
  CHECK(contains(profiles(R"({"all": ["db"]})"), "devinit.json:1:53: `all` cannot name a profile (it means every service"));
  CHECK(contains(profiles(R"({"p": ["db", "db"]})"), "devinit.json:1:65: the profile `p` names `db` twice"));
  CHECK(profiles(R"({"p": ["db"], "q": ["db"]})") == "");
}

TEST_CASE("a watch cannot run a task that is disabled") {
  CHECK(contains(mistakes_in(R"({"services": {"a": {"command": "x", "watch": {"paths": ["s"], "action": "gen"}},
                                "gen": {"kind": "task", "command": "x", "disabled": true}}})"),
                 "`watch.action` names `gen`, which is disabled"));
}
