// How long a stop may take, and what it says meanwhile: src/engine/stopping.cpp.
#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using namespace std::chrono_literals;
using Kind = ServiceMachine::EventKind;
using Lines = std::vector<std::string>;

TEST_CASE("one deadline holds for a whole stop: what is left then is killed, whatever level it is on") {
  auto shell = running_shop();
  shell.slow_end = {"backend", "frontend"};
  shell.stop(2, {}, 1500ms);
  const auto begin = shell.now;
  shell.news();
  REQUIRE(shell.tick());
  CHECK(shell.now - begin == 1500ms);
  CHECK(shell.news() == Lines{"kill_tree backend", "kill_tree frontend", "release backend", "release frontend", "finished 2 ok"});
  CHECK(shell.engine.idle());
  CHECK(shell.broken.empty());
}

TEST_CASE("a stop that takes its time says who blocks it, after two seconds and then every five") {
  auto shell = running_shop();
  shell.configuration[0].config.stop.grace = 60s;
  shell.slow_end = {"backend"};
  shell.stop(2);
  const auto begin = shell.now;
  shell.news();
  REQUIRE(shell.tick());
  CHECK(shell.now - begin == 2s);
  REQUIRE(shell.tick());
  CHECK(shell.now - begin == 7s);
  CHECK(shell.news() == Lines{"waiting for backend", "waiting for backend"});
  SECTION("until it has ended") { shell.ended("backend"); }
  SECTION("and to nobody when the client is gone") {
    shell.leave(2);
    CHECK(shell.engine.next_deadline() > begin + 12s);
    shell.ended("backend");
  }
  CHECK_FALSE(shell.engine.next_deadline());
}

TEST_CASE("a restart that waits for its targets to end says so, too") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.restart(2, {"backend"});
  REQUIRE(shell.tick());
  CHECK(shell.log.back() == "waiting for backend");
}

TEST_CASE("what backs off goes down at once when its dependents still take their time") {
  auto shell = running_shop();
  shell.slow_ready = {"backend"};
  shell.slow_end = {"frontend"};
  shell.ended("backend");
  shell.ended("backend");
  REQUIRE(shell.state("backend") == State::backing_off);
  shell.stop(2);
  CHECK(shell.state("backend") == State::stopped);
  CHECK(shell.state("frontend") == State::stopping);
}

TEST_CASE("a guardian that does not answer to a kill is abandoned") {
  auto shell = running_shop();
  shell.slow_everything = true;
  shell.tell("worker", Kind::kill);
  CHECK(shell.engine.next_deadline() == shell.now + 15s);
  shell.slow_everything = false;
  shell.tick();
  CHECK(shell.state("worker") == State::stopped);
}

// ---- up ----

TEST_CASE("an up lasts as long as anything that it started, and completed tasks end nothing") {
  auto shell = mixed_shop();
  shell.up(1);
  CHECK(shell.log.back() == "holding 1 ok");
  shell.stop(2, {"web", "api", "nightly"});
  CHECK_FALSE(shell.finished(1));
  shell.stop(3, {"db"});
  CHECK(shell.finished(1));
  CHECK(shell.engine.idle());
  CHECK(shell.probed.empty());
}

TEST_CASE("an up of nothing but tasks ends with success when they have done their work") {
  FakeShell shell;
  shell.configuration = {task("generate"), task("check", {"generate"})};
  shell.up(1);
  CHECK(shell.finished(1));
  CHECK(shell.outcome(1).ok);
  CHECK(shell.engine.idle());
  shell.up(2);
  CHECK(shell.count("spawn generate") == 2);
}

TEST_CASE("a failed task fails the up that wants it") {
  FakeShell shell;
  shell.configuration = {task("generate"), service("worker", 0)};
  shell.slow_ready = {"generate"};
  shell.up(1);
  shell.ended("generate");
  CHECK(shell.finished(1));
  CHECK(failed_names(shell.outcome(1)) == Lines{"generate"});
  CHECK(shell.engine.idle());
}

// ---- a diamond of ten services with kinds of all sorts ----

FakeShell diamond() {
  FakeShell shell;
  shell.configuration = {service("web", 3000, {"api", "auth"}),
                         service("api", 8000, {"seed", "cache", "search"}),
                         service("auth", 8001, {"migrate", "cache"}),
                         service("mailer", 0, {"queue"}),
                         task("seed", {"migrate"}),
                         task("migrate", {"db"}),
                         service("cache", 6379),
                         service("queue", 5672, {"db"}),
                         of_kind(config::ServiceKind::external, "search"),
                         service("db", 5432)};
  return shell;
}

TEST_CASE("a diamond of ten services starts and stops by its levels, side by side within each") {
  auto shell = diamond();
  shell.start(1);
  const auto spawns = [&shell](const std::string& what) {
    Lines names;
    for (const auto& line : shell.news()) {
      if (line.rfind(what, 0) == 0) names.push_back(line.substr(what.size()));
    }
    return names;
  };
  CHECK(spawns("spawn ") == Lines{"cache", "search", "db", "migrate", "queue", "auth", "seed", "mailer", "api", "web"});
  CHECK(shell.outcome(1).ok);
  for (const auto& plan : shell.configuration) shell.slow_end.insert(plan.config.name);
  shell.stop(2);
  CHECK(spawns("stop_tree ") == Lines{"web", "mailer"});
  shell.ended("mailer");
  CHECK(spawns("stop_tree ") == Lines{"queue"});
  shell.ended("web");
  CHECK(spawns("stop_tree ") == Lines{"api", "auth"});
  shell.ended("api");
  shell.ended("auth");
  CHECK(spawns("stop_tree ") == Lines{"cache"});
  shell.ended("queue");
  CHECK(spawns("stop_tree ") == Lines{"db"});
  shell.ended("db");
  shell.ended("cache");
  CHECK(shell.outcome(2).ok);
  CHECK(shell.engine.idle());
  CHECK(shell.broken.empty());
}

}  // namespace
}  // namespace devinit::engine
