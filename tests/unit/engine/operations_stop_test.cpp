// How a run ends: `stop`, Ctrl-C and clients that go. See src/engine/operations.cpp.
#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using Choice = PortPlanner::Choice;
using Kind = ServiceMachine::EventKind;
using Lines = std::vector<std::string>;

// ---- stop ----

TEST_CASE("stop ends dependents first and the services of one level side by side") {
  auto shell = running_shop();
  shell.slow_end = {"backend", "frontend", "worker"};
  shell.stop(2);
  CHECK(shell.news() == Lines{"stop_tree frontend", "stop_tree worker"});
  shell.ended("worker");
  CHECK(shell.news() == Lines{"release worker"});
  shell.ended("frontend");
  CHECK(shell.news() == Lines{"release frontend", "stop_tree backend"});
  CHECK_FALSE(shell.engine.idle());
  shell.ended("backend");
  CHECK(shell.news() == Lines{"release backend", "finished 2 ok"});
  CHECK(shell.engine.idle());
  CHECK_FALSE(shell.engine.snapshot("backend").wanted);
}

TEST_CASE("stop of one service leaves its dependents alone") {
  auto shell = running_shop();
  shell.stop(2, {"backend"});
  CHECK(shell.outcome(2).ok);
  CHECK(shell.state("backend") == State::stopped);
  CHECK(shell.state("frontend") == State::ready);
}

TEST_CASE("stopping what is stopped, or unknown, is done at once") {
  auto shell = shop();
  shell.stop(1);
  CHECK(shell.outcome(1).ok);
  shell.stop(2, {"nobody"});
  CHECK(shell.outcome(2).ok);
  CHECK(shell.log == Lines{"finished 1 ok", "finished 2 ok"});
}

TEST_CASE("stop clears a failed service") {
  auto shell = shop();
  shell.slow_ready = {"worker"};
  shell.start(1, {"worker"});
  shell.tell("worker", Kind::spawn_failed, "no such program");
  REQUIRE(shell.state("worker") == State::failed);
  shell.stop(2);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.state("worker") == State::stopped);
}

TEST_CASE("stop with survivors fails and names them") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.stop(2);
  shell.lost("backend", Kind::survivors, "1 processes could not be ended, the first is pid 7");
  CHECK_FALSE(shell.outcome(2).ok);
  REQUIRE(failed_names(shell.outcome(2)) == Lines{"backend"});
  CHECK(shell.outcome(2).failures[0].reason == "1 processes could not be ended, the first is pid 7");
  CHECK(shell.engine.idle());
}

TEST_CASE("stop during planning ends the plan and releases its claims") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1);
  shell.stop(2);
  CHECK(shell.outcome(2).ok);
  CHECK_FALSE(shell.outcome(1).ok);
  REQUIRE(shell.outcome(1).error);
  CHECK(shell.outcome(1).error->message == "stopped by another command");
  CHECK(shell.held.empty());
  CHECK(shell.engine.idle());
}

TEST_CASE("stop during a start ends what is up and fails the start") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1);
  shell.stop(2);
  CHECK(shell.outcome(2).ok);
  CHECK_FALSE(shell.outcome(1).ok);
  CHECK(shell.trees.empty());
  CHECK(shell.count("spawn frontend") == 0);
  CHECK(shell.engine.idle());
}

TEST_CASE("stop of one service does not end the queued start of another") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1, {"backend"});
  shell.start(2, {"worker"});
  SECTION("unconcerned") {
    shell.stop(3, {"backend"});
    CHECK_FALSE(shell.outcome(1).ok);
    CHECK(shell.outcome(2).ok);
    CHECK(shell.state("worker") == State::ready);
  }
  SECTION("concerned") {
    shell.stop(3, {"worker"});
    CHECK_FALSE(shell.outcome(2).ok);
    CHECK_FALSE(shell.finished(1));
  }
  SECTION("concerned through a dependency") {
    shell.start(4, {"frontend"});
    shell.stop(3, {"backend"});
    CHECK_FALSE(shell.outcome(4).ok);
    CHECK(shell.state("frontend") == State::stopped);
  }
}

TEST_CASE("stop ends a crash restart that is under way") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.slow_end = {"backend"};
  shell.start(1, {"backend"});
  SECTION("in back-off") { shell.ended("backend"); }
  SECTION("while the rest of a crashed tree is torn down") { shell.tell("backend", Kind::leader_exited, "exited with code 1"); }
  shell.stop(2);
  if (shell.trees.count("backend") > 0) shell.ended("backend");
  CHECK(shell.outcome(2).ok);
  CHECK(shell.state("backend") == State::stopped);
  CHECK_FALSE(shell.tick());
}

TEST_CASE("a start while the services are being stopped waits and brings them up again") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.stop(2);
  REQUIRE(shell.state("backend") == State::stopping);
  SECTION("of the one that stops") { shell.start(3, {"backend"}); }
  SECTION("of one that depends on it") { shell.start(3, {"frontend"}); }
  SECTION("of one that is down already") { shell.start(3, {"worker"}); }
  SECTION("of all") { shell.start(3); }
  SECTION("by a restart") { shell.restart(3, {"worker"}); }
  CHECK_FALSE(shell.finished(3));
  shell.ended("backend");
  CHECK(shell.outcome(2).ok);
  CHECK(shell.outcome(3).ok);
  CHECK(shell.broken.empty());
}

TEST_CASE("a start of a service whose dependency is being torn down after a crash waits for it") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.stop(2, {"frontend"});
  shell.tell("backend", Kind::leader_exited, "exited with code 1");
  REQUIRE(shell.state("backend") == State::stopping);
  shell.start(3, {"frontend"});
  CHECK_FALSE(shell.finished(3));
  shell.ended("backend");
  CHECK(shell.outcome(3).ok);
}

// ---- Ctrl-C ----

TEST_CASE("Ctrl-C in start stops what that command started, and nothing else") {
  auto shell = shop();
  shell.start(1, {"worker"});
  shell.slow_ready = {"backend"};
  shell.start(2);
  shell.cancel(2);
  CHECK(shell.outcome(2).interrupted);
  CHECK(shell.state("backend") == State::stopped);
  CHECK(shell.state("frontend") == State::stopped);
  CHECK(shell.state("worker") == State::ready);
  CHECK(shell.held.empty());
}

TEST_CASE("the end of a start takes its service out of the plan of another, which holds nothing for it") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1, {"backend"});
  shell.ended("backend");
  REQUIRE(shell.state("backend") == State::backing_off);
  shell.strangers = {3000, 8000};
  shell.start(2);
  REQUIRE(shell.questions.size() == 1);
  shell.leave(1);
  REQUIRE(shell.state("backend") == State::stopped);
  shell.answer(Choice::next);
  shell.answer(Choice::next);
  CHECK_FALSE(shell.outcome(2).ok);
  CHECK(failed_names(shell.outcome(2)) == Lines{"backend", "frontend"});
  CHECK(shell.held.empty());
}

TEST_CASE("Ctrl-C at a question releases what was claimed") {
  auto shell = shop();
  shell.strangers = {3000};
  shell.start(1);
  shell.cancel(1);
  CHECK(shell.outcome(1).interrupted);
  CHECK(shell.held.empty());
  CHECK(shell.engine.idle());
}

TEST_CASE("the second Ctrl-C leaves no more grace") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.slow_end = {"backend"};
  shell.start(1);
  shell.cancel(1);
  CHECK_FALSE(shell.finished(1));
  CHECK(shell.count("kill_tree backend") == 0);
  shell.cancel(1);
  CHECK(shell.count("kill_tree backend") == 1);
  CHECK(shell.outcome(1).interrupted);
  CHECK(shell.engine.idle());
}

TEST_CASE("the first Ctrl-C in an up that ends by itself leaves the grace, the second does not") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.slow_end = {"worker"};
  shell.up(1);
  shell.lost("backend", Kind::spawn_failed, "no such program");
  REQUIRE(shell.state("worker") == State::stopping);
  shell.cancel(1);
  CHECK(shell.count("kill_tree worker") == 0);
  CHECK_FALSE(shell.finished(1));
  shell.cancel(1);
  CHECK(shell.count("kill_tree worker") == 1);
  CHECK(shell.finished(1));
}

TEST_CASE("Ctrl-C in stop leaves no more grace, and the command ends when the trees are empty") {
  auto shell = running_shop();
  shell.slow_end = {"frontend"};
  shell.stop(2);
  shell.cancel(2);
  CHECK(shell.finished(2));
  CHECK(shell.outcome(2).interrupted);
  CHECK(shell.engine.idle());
}

TEST_CASE("a stop goes on when its client is gone") {
  auto shell = running_shop();
  shell.slow_end = {"frontend"};
  shell.stop(2);
  shell.leave(2);
  shell.ended("frontend");
  CHECK(shell.finished(2));
  CHECK(shell.engine.idle());
}

TEST_CASE("Ctrl-C in restart stops what it restarted") {
  auto shell = running_shop();
  SECTION("while it comes up again") {
    shell.slow_ready = {"backend"};
    shell.restart(2);
    REQUIRE(shell.state("backend") == State::starting);
    shell.cancel(2);
    CHECK(shell.outcome(2).interrupted);
    CHECK(shell.engine.idle());
  }
  SECTION("while it goes down") {
    shell.slow_end = {"backend"};
    shell.restart(2, {"backend", "worker"});
    REQUIRE(shell.state("worker") == State::stopped);
    shell.cancel(2);
    CHECK(shell.outcome(2).interrupted);
    shell.ended("backend");
    CHECK(shell.state("backend") == State::stopped);
    CHECK(shell.held_ports() == std::vector<Port>{3000});
  }
}

TEST_CASE("a restart that is ended half way down holds no port of what is stopped") {
  auto shell = running_shop();
  shell.configuration.push_back(service("docs", 4000));
  shell.start(2);
  shell.slow_end = {"backend"};
  shell.restart(3, {"docs", "backend"});
  REQUIRE(shell.state("docs") == State::stopped);
  CHECK(shell.count("close_fence docs") == 1);
  SECTION("by Ctrl-C") { shell.cancel(3); }
  SECTION("by a stop") { shell.stop(4, {"docs"}); }
  CHECK(shell.finished(3));
  shell.ended("backend");
  CHECK(shell.held_ports() == std::vector<Port>{3000});
}

}  // namespace
}  // namespace devinit::engine
