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
      R"({"profiles": {"api": ["db", "api", "db", "old"], "db-only": ["db"]}, "services": {"db": {"command": "x"},
      "api": {"command": "x"}, "old": {"command": "x", "disabled": true}}})");
  CHECK(config.profiles == std::map<std::string, std::vector<std::string>>{{"api", {"db", "api"}}, {"db-only", {"db"}}});
}

TEST_CASE("a condition that never comes true is said") {
  const auto [kind, expected] = GENERATE(table<std::string, std::string>({
      {R"("command": "x")", "`b` is no task: it is never `completed` (\"ready\" or \"started\")"},
      {R"("kind": "external", "port": 80)", "`b` is no task"},
      {R"("kind": "scheduled", "command": "x", "schedule": "every 1h")", "`b` is no task"},
      {R"("kind": "task", "command": "x", "disabled": true)", "`a` depends on `b`, which is disabled"},
  }));
  CAPTURE(kind);
  const std::string message =
      mistakes_in(R"({"services": {"a": {"command": "x", "depends_on": {"b": "completed"}}, "b": {)" + kind + "}}}");
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("a watch cannot run a task that is disabled") {
  CHECK(contains(mistakes_in(R"({"services": {"a": {"command": "x", "watch": {"paths": ["s"], "action": "gen"}},
                                "gen": {"kind": "task", "command": "x", "disabled": true}}})"),
                 "`watch.action` names `gen`, which is disabled"));
}
