// An edited configuration, applied to what runs: src/engine/reloading.cpp.
#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("a reload without an edit writes the files and touches nothing") {
  auto shell = running_shop();
  shell.reload(2);
  CHECK(shell.news() == Lines{"write 2", "finished 2 ok"});
}

TEST_CASE("a reload restarts what was edited, on its ports, and leaves its dependents alone") {
  auto shell = running_shop();
  shell.configuration[0].config.command = std::string("new");
  shell.reload(2);
  CHECK(shell.news() == Lines{"stop_tree backend", "close_fence backend", "write 2", "spawn backend", "finished 2 ok"});
  CHECK(std::get<std::string>(shell.engine.config_of("backend")->command) == "new");
  CHECK(shell.broken.empty());
}

TEST_CASE("a reload moves a service to the port that is wanted now, and to no other") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1);
  shell.answer(PortPlanner::Choice::next);
  shell.leave(1);
  REQUIRE(shell.port("backend") == Port{8001});
  shell.strangers.clear();
  shell.news();
  SECTION("the same wish") { shell.reload(2); }
  SECTION("the port that it has, named elsewhere now") {
    shell.configuration[0].ports[0].prefer = Port{8001};
    shell.reload(2);
  }
  SECTION("another one") {
    shell.configuration[0].ports[0].prefer = Port{8200};
    shell.reload(2);
    CHECK(shell.port("backend") == Port{8200});
    CHECK(shell.count("spawn backend") == 1);
    CHECK(shell.held_ports() == std::vector<Port>{8200, 3000});
    return;
  }
  CHECK(shell.port("backend") == Port{8001});
  CHECK(shell.news() == Lines{"write 2", "finished 2 ok"});
}

TEST_CASE("a reload stops what is gone or disabled") {
  auto shell = running_shop();
  SECTION("gone") { shell.configuration.pop_back(); }
  SECTION("disabled") { shell.configuration.back().config.disabled = true; }
  shell.reload(2);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.state("worker") == State::stopped);
  CHECK(shell.count("stop_tree worker") == 1);
  CHECK(shell.count("stop_tree backend") == 0);
  CHECK_FALSE(shell.engine.snapshot("worker").wanted);
}

TEST_CASE("a reload starts what is new when all the others are wanted") {
  auto shell = running_shop();
  shell.configuration.push_back(service("docs", 4000, {"backend"}));
  shell.configuration.push_back(of_kind(config::ServiceKind::external, "search"));
  SECTION("they are") {
    shell.reload(2);
    CHECK(shell.outcome(2).ok);
    CHECK(shell.state("docs") == State::ready);
    CHECK(shell.state("search") == State::stopped);
  }
  SECTION("one is not") {
    shell.stop(3, {"worker"});
    shell.reload(2);
    CHECK(shell.outcome(2).ok);
    CHECK(shell.state("docs") == State::stopped);
    CHECK(shell.state("worker") == State::stopped);
  }
}

TEST_CASE("what a reload adds to an up is held by the up") {
  auto shell = shop();
  shell.up(1);
  shell.configuration.push_back(service("docs", 4000));
  shell.reload(2);
  REQUIRE(shell.state("docs") == State::ready);
  shell.leave(1);
  CHECK(shell.engine.idle());
}

TEST_CASE("a reload tries again what had failed, when its configuration was edited") {
  auto shell = shop();
  shell.slow_ready = {"worker"};
  shell.start(1);
  shell.lost("worker", ServiceMachine::EventKind::spawn_failed, "no such program");
  shell.slow_ready.clear();
  shell.news();
  SECTION("edited") {
    shell.configuration[2].config.command = std::string("mended");
    shell.reload(2);
    CHECK(shell.state("worker") == State::ready);
  }
  SECTION("not edited") {
    shell.reload(2);
    CHECK(shell.state("worker") == State::failed);
  }
  CHECK(shell.outcome(2).ok);
  CHECK(shell.count("stop_tree backend") == 0);
}

TEST_CASE("what only its supervision goes by is taken over by a reload without a restart") {
  auto shell = running_shop();
  auto& config = shell.configuration[0].config;
  SECTION("watch") { config.watch.emplace(); }
  SECTION("live") { config.live.emplace(); }
  SECTION("stop") { config.stop.grace = Millis{1}; }
  SECTION("restart") { config.restart.max = 1; }
  SECTION("ready") { config.ready.deadline = Millis{1}; }
  SECTION("hooks around it") { config.hooks.after_exit = "true"; }
  SECTION("what it depends on") { config.depends_on.push_back({"worker"}); }
  SECTION("what it does on a loss") { config.on_dependency_loss = config::DependencyLoss::restart; }
  const auto before = shell.engine.snapshot("backend").fingerprint;
  shell.reload(2);
  CHECK(shell.news() == Lines{"renew backend", "write 2", "finished 2 ok"});
  CHECK(*shell.engine.config_of("backend") == config);
  CHECK(shell.engine.snapshot("backend").fingerprint != before);
}

TEST_CASE("what its processes would notice needs a restart") {
  auto shell = running_shop();
  auto& config = shell.configuration[0].config;
  SECTION("env") { config.env.emplace_back("A", "1"); }
  SECTION("limits") { config.limits.nice = 1; }
  SECTION("log") { config.log.keep = 1; }
  SECTION("its hook before a start") { config.hooks.before_start = "true"; }
  SECTION("socket") { config.socket = config::SocketPassing::inherit; }
  SECTION("the notify socket") { config.ready.kind = config::ProbeKind::notify; }
  shell.reload(2);
  CHECK(shell.count("spawn backend") == 1);
  CHECK(shell.count("renew backend") == 0);
}

TEST_CASE("a service that waits for what an edit takes off its list starts") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1);
  REQUIRE(shell.state("frontend") == State::waiting);
  shell.configuration[1].config.depends_on.clear();
  shell.reload(2);
  CHECK(shell.state("frontend") == State::ready);
}

TEST_CASE("a reload waits for the dependents that restart because of it") {
  auto shell = shop();
  shell.configuration[1].config.on_dependency_loss = config::DependencyLoss::restart;
  shell.start(1);
  shell.configuration[0].config.command = std::string("new");
  shell.slow_ready = {"backend", "frontend"};
  shell.reload(2);
  shell.ready("backend");
  CHECK(shell.state("frontend") == State::starting);
  CHECK_FALSE(shell.finished(2));
  shell.ready("frontend");
  CHECK(shell.outcome(2).ok);
  CHECK(shell.count("spawn frontend") == 2);
}

TEST_CASE("a reload that moves a port restarts once those that know the old one, and waits for them") {
  auto shell = running_shop();
  shell.configuration[0].ports[0].prefer = Port{8200};
  shell.slow_ready = {"frontend"};
  shell.reload(2);
  CHECK(shell.count("spawn frontend") == 1);
  CHECK_FALSE(shell.finished(2));
  shell.ready("frontend");
  CHECK(shell.outcome(2).ok);
  CHECK(shell.count("spawn frontend") == 1);
  CHECK_FALSE(shell.engine.snapshot("frontend").stale);
}

TEST_CASE("a reload whose client is gone goes on, and one that is cancelled stops what it restarted") {
  auto shell = running_shop();
  shell.configuration[0].config.command = std::string("new");
  shell.slow_end = {"backend"};
  shell.reload(2);
  SECTION("gone") {
    shell.leave(2);
    shell.ended("backend");
    CHECK(shell.state("backend") == State::ready);
  }
  SECTION("cancelled") {
    shell.cancel(2);
    shell.ended("backend");
    CHECK(shell.outcome(2).interrupted);
    CHECK(shell.state("backend") == State::stopped);
    CHECK(shell.held_ports() == std::vector<Port>{3000});
  }
  CHECK(shell.finished(2));
}

}  // namespace
}  // namespace devinit::engine
