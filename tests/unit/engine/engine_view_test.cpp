#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

TEST_CASE("a service that is restarted by command is restarting until its tree is empty, and one that is stopped is not") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  CHECK_FALSE(shell.engine.restarting("backend"));
  CHECK_FALSE(shell.engine.restarting("nobody"));
  SECTION("restart") {
    shell.restart(2, {"backend"});
    CHECK(shell.engine.restarting("backend"));
    shell.ended("backend");
    CHECK_FALSE(shell.engine.restarting("backend"));
  }
  SECTION("restart of everything, which plans its ports anew") {
    shell.restart(2);
    while (shell.state("backend") != State::stopping) shell.ended("frontend");
    CHECK_FALSE(shell.engine.restarting("backend"));
  }
  SECTION("stop") {
    shell.stop(2, {"backend"});
    CHECK_FALSE(shell.engine.restarting("backend"));
  }
}

TEST_CASE("a service that restarts because of a change is restarting, until somebody stops it") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.tell("backend", ServiceMachine::EventKind::restart);
  CHECK(shell.engine.restarting("backend"));
  shell.tell("backend", ServiceMachine::EventKind::stop);
  CHECK_FALSE(shell.engine.restarting("backend"));
}

}  // namespace
}  // namespace devinit::engine
