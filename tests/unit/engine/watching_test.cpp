// What follows a change of watched files: src/engine/watching.cpp.
#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using Kind = ServiceMachine::EventKind;
using Lines = std::vector<std::string>;
using Action = config::WatchSpec::Action;

FakeShell watching(Action action, bool cascade = false) {
  auto shell = shop();
  shell.configuration.push_back(task("generate"));
  config::WatchSpec watch;
  watch.action = action;
  watch.signal = 1;
  watch.task = "generate";
  watch.cascade = cascade;
  shell.configuration[0].config.watch = watch;
  shell.start(1);
  shell.leave(1);
  shell.news();
  return shell;
}

TEST_CASE("a changed file restarts the service on its ports, and forgives earlier failures") {
  auto shell = watching(Action::restart);
  shell.files_changed("backend");
  CHECK(shell.news() == Lines{"stop_tree backend", "reclaim backend", "spawn backend"});
  CHECK(shell.has_notice("backend app.py changed: restarting it"));
  CHECK(shell.state("frontend") == State::ready);
  CHECK(shell.engine.snapshot("backend").restarts == 1);
}

TEST_CASE("a service that is down, or on its way, ignores its files") {
  auto shell = watching(Action::restart);
  SECTION("down") { shell.stop(2); }
  SECTION("on its way") {
    shell.slow_end = {"backend"};
    shell.stop(2, {"backend"});
  }
  shell.news();
  shell.files_changed("backend");
  CHECK(shell.news().empty());
  if (shell.trees.count("backend") > 0) shell.ended("backend");
  CHECK(shell.state("backend") == State::stopped);
}

TEST_CASE("a service that its files have broken starts again when they are mended") {
  auto shell = watching(Action::restart);
  shell.slow_ready = {"backend"};
  shell.files_changed("backend");
  SECTION("in back-off") {
    shell.ended("backend");
    REQUIRE(shell.state("backend") == State::backing_off);
  }
  SECTION("failed") {
    while (shell.state("backend") != State::failed) {
      shell.ended("backend");
      shell.tick();
    }
    CHECK(shell.held_ports() == std::vector<Port>{3000});
  }
  shell.slow_ready.clear();
  shell.files_changed("backend");
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.held_ports() == std::vector<Port>{8000, 3000});
  CHECK(shell.broken.empty());
}

TEST_CASE("a service that failed only because of another one does not mind its files") {
  auto shell = watching(Action::restart);
  shell.configuration[0].config.depends_on = {{"worker"}};
  shell.stop(2);
  shell.slow_ready = {"worker"};
  shell.start(3);
  shell.lost("worker", Kind::spawn_failed, "no such program");
  REQUIRE(shell.state("backend") == State::failed);
  shell.news();
  shell.files_changed("backend");
  CHECK(shell.news().empty());
}

TEST_CASE("a cascade takes dependents down first and brings them back last") {
  auto shell = watching(Action::restart, true);
  shell.slow_end = {"frontend"};
  shell.files_changed("backend");
  CHECK(shell.news() == Lines{"stop_tree frontend"});
  SECTION("it comes back") {
    shell.ended("frontend");
    CHECK(shell.news() == Lines{"close_fence frontend", "stop_tree backend", "close_fence backend", "reclaim backend", "reclaim frontend",
                                "spawn backend", "spawn frontend"});
    CHECK(shell.held_ports() == std::vector<Port>{8000, 3000});
    CHECK(shell.engine.snapshot("frontend").wanted);
  }
  SECTION("but for what is stopped meanwhile") {
    shell.stop(2, {"frontend"});
    shell.ended("frontend");
    CHECK(shell.outcome(2).ok);
    CHECK(shell.state("frontend") == State::stopped);
    CHECK(shell.state("backend") == State::ready);
    CHECK(shell.held_ports() == std::vector<Port>{8000});
  }
  SECTION("and nothing when everything is stopped") {
    shell.stop(2);
    shell.ended("frontend");
    CHECK(shell.outcome(2).ok);
    CHECK(shell.engine.idle());
    CHECK(shell.held.empty());
  }
  CHECK(shell.broken.empty());
}

TEST_CASE("a change may be a signal, and nothing else changes") {
  auto shell = watching(Action::signal);
  shell.files_changed("backend");
  CHECK(shell.news() == Lines{"signal backend 1"});
}

TEST_CASE("a change may run a task, once more when it is at work") {
  auto shell = watching(Action::task);
  shell.slow_ready = {"generate"};
  shell.files_changed("backend");
  CHECK(shell.news() == Lines{"reclaim generate", "spawn generate"});
  shell.files_changed("backend");
  CHECK(shell.news().empty());
  shell.done("generate");
  CHECK(shell.news() == Lines{"reclaim generate", "spawn generate"});
  shell.done("generate");
  CHECK(shell.state("generate") == State::completed);
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.engine.snapshot("backend").restarts == 0);
}

TEST_CASE("a task that a watch runs ends with the command that holds the watcher") {
  auto shell = watching(Action::task);
  shell.stop(2);
  shell.slow_ready = {"generate"};
  shell.up(3, {"backend"});
  shell.files_changed("backend");
  REQUIRE(shell.state("generate") == State::running);
  shell.leave(3);
  CHECK(shell.engine.idle());
  CHECK(shell.trees.empty());
}

}  // namespace
}  // namespace devinit::engine
