// Conditions between services of all kinds: src/engine/settling.cpp.
#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using namespace std::chrono_literals;
using config::DependencyCondition;
using config::DependencyLoss;
using Kind = ServiceMachine::EventKind;
using Lines = std::vector<std::string>;

/// a, and b that depends on it in this way.
FakeShell pair(ServicePlan first, DependencyCondition condition) {
  FakeShell shell;
  const auto name = first.config.name;
  shell.configuration = {std::move(first), service("b", 0)};
  shell.configuration[1].config.depends_on = {{name, condition}};
  return shell;
}

TEST_CASE("a service starts as soon as its condition holds, and not before") {
  SECTION("started") {
    auto shell = pair(service("a", 0), DependencyCondition::started);
    shell.slow_everything = true;
    shell.start(1);
    CHECK(shell.state("b") == State::waiting);
    shell.spawned("a");
    CHECK(shell.state("b") == State::starting);
  }
  SECTION("ready of a task is its good end") {
    auto shell = pair(task("a"), DependencyCondition::ready);
    shell.slow_ready = {"a"};
    shell.start(1);
    CHECK(shell.state("a") == State::running);
    CHECK(shell.state("b") == State::waiting);
    shell.done("a");
    CHECK(shell.state("b") == State::ready);
    CHECK(shell.outcome(1).ok);
  }
  SECTION("completed is any end, and a failure that nobody minds fails no command") {
    auto shell = pair(task("a"), DependencyCondition::completed);
    shell.slow_ready = {"a"};
    shell.start(1);
    shell.ended("a");
    CHECK(shell.state("a") == State::failed);
    CHECK(shell.state("b") == State::ready);
    CHECK(shell.outcome(1).ok);
  }
  SECTION("completed_successfully is not") {
    auto shell = pair(task("a"), DependencyCondition::completed_successfully);
    shell.slow_ready = {"a"};
    shell.start(1);
    shell.ended("a");
    CHECK(shell.state("b") == State::failed);
    CHECK(shell.engine.snapshot("b").detail == "not started: it depends on a, which failed");
    CHECK(failed_names(shell.outcome(1)) == Lines{"a", "b"});
    CHECK(shell.outcome(1).failures[1].code == FailureCode::dependency);
  }
  SECTION("ready of a scheduled service is to be scheduled") {
    auto shell = pair(of_kind(config::ServiceKind::scheduled, "a"), DependencyCondition::ready);
    shell.start(1);
    CHECK(shell.state("b") == State::ready);
    shell.due("a");
    CHECK(shell.count("spawn a") == 1);
    CHECK(shell.state("a") == State::scheduled);
  }
  SECTION("a condition that can never hold fails at once") {
    auto shell = pair(service("a", 0), DependencyCondition::completed_successfully);
    shell.start(1);
    CHECK(shell.engine.snapshot("b").detail == "not started: it depends on a, which runs until it is stopped");
  }
  SECTION("what is disabled is not waited for") {
    auto plan = service("a", 0);
    plan.config.disabled = true;
    auto shell = pair(std::move(plan), DependencyCondition::ready);
    shell.start(1);
    CHECK(shell.outcome(1).ok);
    CHECK(shell.state("a") == State::stopped);
    shell.start(2, {"a"});
    CHECK(shell.state("a") == State::ready);
  }
}

TEST_CASE("a project of all kinds starts in order, and its names are told as up") {
  auto shell = mixed_shop();
  shell.start(1);
  CHECK(shell.news() == Lines{"claim db 5432", "claim api 8000", "claim web 3000", "write 1", "schedule nightly", "spawn db", "spawn search",
                              "spawn migrate", "release migrate", "spawn api", "spawn web", "finished 1 ok"});
  for (const auto& snapshot : shell.engine.snapshots()) CHECK(snapshot.ready);
  CHECK(shell.broken.empty());
}

TEST_CASE("all does not mean external services, but their dependents do") {
  FakeShell shell;
  shell.configuration = {of_kind(config::ServiceKind::external, "search"), service("worker", 0)};
  shell.start(1);
  CHECK(shell.state("search") == State::stopped);
  CHECK(shell.outcome(1).ok);
}

TEST_CASE("what others run fails a command that waits for it too long, and nobody else") {
  auto shell = mixed_shop();
  shell.slow_ready = {"search"};
  shell.configuration[5].config.ready.deadline = 9s;
  shell.start(1);
  shell.tell("search", Kind::not_ready, "nobody listens on port 9200");
  CHECK(shell.state("api") == State::waiting);
  const auto begin = shell.now;
  SECTION("too long") {
    shell.tick();
    CHECK(shell.now - begin == 9s);
    CHECK(shell.state("search") == State::failed);
    CHECK(failed_names(shell.outcome(1)) == Lines{"api", "web", "search"});
  }
  SECTION("in time, and lost later") {
    shell.ready("search");
    CHECK(shell.outcome(1).ok);
    shell.tell("search", Kind::unhealthy, "nobody listens on port 9200");
    CHECK(shell.state("search") == State::starting);
    CHECK_FALSE(shell.engine.next_deadline());
    shell.stop(2, {"db", "api", "web", "nightly"});
    CHECK(shell.engine.idle());
  }
}

TEST_CASE("migrations run again only when what needs them starts") {
  auto shell = mixed_shop();
  shell.start(1);
  shell.news();
  SECTION("not for what runs already") {
    shell.start(2, {"api"});
    shell.start(3);
    CHECK(shell.count("spawn migrate") == 0);
    CHECK(shell.outcome(3).ok);
  }
  SECTION("not for a restart") {
    shell.restart(2, {"api"});
    CHECK(shell.outcome(2).ok);
    CHECK(shell.count("spawn migrate") == 0);
    shell.ended("api");
    CHECK(shell.state("api") == State::ready);
    CHECK(shell.count("spawn migrate") == 0);
  }
  SECTION("for what was down") {
    shell.stop(2, {"api"});
    shell.start(3, {"api"});
    CHECK(shell.count("spawn migrate") == 1);
    CHECK(shell.count("spawn api") == 1);
    CHECK(shell.outcome(3).ok);
  }
  SECTION("and by name") {
    shell.start(2, {"migrate"});
    CHECK(shell.count("spawn migrate") == 1);
    CHECK(shell.state("api") == State::ready);
  }
}

TEST_CASE("a restart of a scheduled service by name runs it now") {
  auto shell = mixed_shop();
  shell.start(1);
  shell.news();
  shell.restart(2, {"nightly"});
  CHECK(shell.count("spawn nightly") == 1);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.state("nightly") == State::scheduled);
  shell.restart(3);
  CHECK(shell.count("spawn nightly") == 1);
  CHECK(shell.outcome(3).ok);
}

// ---- the loss of a dependency ----

FakeShell losing(DependencyLoss what) {
  auto shell = shop();
  shell.configuration[1].config.on_dependency_loss = what;
  shell.start(1);
  shell.news();
  return shell;
}

TEST_CASE("a crash of what it depends on is nothing to a service by default") {
  auto shell = losing(DependencyLoss::keep);
  shell.ended("backend");
  CHECK(shell.news() == Lines{"reclaim backend", "spawn backend"});
}

TEST_CASE("a service may restart when what it depends on is back, once") {
  auto shell = losing(DependencyLoss::restart);
  shell.slow_ready = {"backend"};
  SECTION("after a crash") { shell.ended("backend"); }
  SECTION("after a restart") { shell.restart(2, {"backend"}); }
  CHECK(shell.count("stop_tree frontend") == 0);
  shell.ready("backend");
  CHECK(shell.count("stop_tree frontend") == 1);
  CHECK(shell.count("spawn frontend") == 1);
  CHECK(shell.state("frontend") == State::ready);
  shell.tell("backend", Kind::healthy);
  CHECK(shell.count("spawn frontend") == 1);
}

TEST_CASE("a service may stop when what it depends on is lost, and stays down") {
  auto shell = losing(DependencyLoss::stop);
  SECTION("stopped by somebody") {
    shell.stop(2, {"backend"});
    CHECK(shell.engine.snapshot("frontend").detail == "stopped: it depends on backend, which was stopped");
  }
  SECTION("crashed") {
    shell.ended("backend");
    CHECK(shell.engine.snapshot("frontend").detail == "stopped: it depends on backend, which is not ready any more");
    CHECK(shell.state("backend") == State::ready);
  }
  SECTION("failed") {
    shell.lost("backend", Kind::survivors, "1 process could not be ended");
    CHECK(shell.engine.snapshot("frontend").detail == "stopped: it depends on backend, which failed");
  }
  CHECK(shell.state("frontend") == State::stopped);
  CHECK(shell.engine.snapshot("frontend").wanted);
}

TEST_CASE("a restart by plan of what it depends on is no loss to a service that would stop") {
  auto shell = losing(DependencyLoss::stop);
  shell.configuration[0].config.watch.emplace();
  SECTION("restart") { shell.restart(2, {"backend"}); }
  SECTION("reload") {
    shell.configuration[0].config.command = std::string("new");
    shell.reload(2);
  }
  SECTION("changed files") {
    shell.reload(2);
    shell.files_changed("backend");
    CHECK(shell.count("spawn backend") == 1);
  }
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.state("frontend") == State::ready);
  CHECK(shell.count("stop_tree frontend") == 0);
}

TEST_CASE("a restart by plan that comes to nothing is a loss") {
  auto shell = losing(DependencyLoss::stop);
  shell.slow_ready = {"backend"};
  SECTION("given up on the way down") {
    shell.slow_end = {"backend"};
    shell.restart(2, {"backend"});
    CHECK(shell.state("frontend") == State::ready);
    shell.cancel(2);
    shell.ended("backend");
  }
  SECTION("given up on the way up") {
    shell.restart(2, {"backend"});
    CHECK(shell.state("frontend") == State::ready);
    shell.cancel(2);
  }
  SECTION("crashed") {
    shell.restart(2, {"backend"});
    shell.ended("backend");
  }
  SECTION("failed") {
    shell.restart(2, {"backend"});
    shell.lost("backend", Kind::spawn_failed, "no such program");
  }
  CHECK(shell.state("frontend") == State::stopped);
}

// ---- times ----

TEST_CASE("the steps of the last start are dated") {
  auto shell = mixed_shop();
  shell.slow_ready = {"db", "migrate"};
  const auto begin = shell.now;
  shell.start(1);
  shell.now += 3s;
  shell.ready("db");
  shell.now += 2s;
  shell.done("migrate");
  const auto migrate = shell.engine.times("migrate");
  CHECK(migrate.wanted == begin);
  CHECK(migrate.waiting == begin);
  CHECK(migrate.spawned == begin + 3s);
  CHECK(migrate.ready == begin + 5s);
  CHECK(shell.engine.times("api").spawned == begin + 5s);
  shell.slow_ready.insert("api");
  shell.now += 1s;
  shell.ended("api");
  CHECK(shell.engine.times("api").wanted == begin + 6s);
  CHECK(shell.engine.times("api").ready == TimePoint{});
}

}  // namespace
}  // namespace devinit::engine
