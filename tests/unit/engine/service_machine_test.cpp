// The rules behind the table of service_machine_table_test.cpp, one story each.
#include "engine/service_machine.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/engine/machine_run.hpp"

namespace devinit::engine {
namespace {

using Kind = ServiceMachine::EventKind;
using Event = ServiceMachine::Event;
using namespace std::chrono_literals;

Event steal() {
  Event event = crash();
  event.port_stolen = true;
  return event;
}

TEST_CASE("a leader that leaves a serving descendant behind changes no state") {
  Event exit{Kind::leader_exited, "exited with code 0"};
  exit.still_serving = true;
  auto starting = run_in(State::starting);
  CHECK(starting.send(exit).empty());
  CHECK(starting.state() == State::starting);
  auto ready = run_in(State::ready);
  CHECK(ready.send(exit).empty());
  CHECK(ready.state() == State::ready);
  CHECK(ready.machine.detail() == "exited with code 0; a descendant still serves the port");
}

TEST_CASE("a tree may exist in starting, ready and stopping only") {
  for (const auto state : {State::stopped, State::claiming, State::waiting, State::starting, State::ready, State::backing_off,
                           State::failed, State::stopping}) {
    const bool expected = state == State::starting || state == State::ready || state == State::stopping;
    CHECK(run_in(state).machine.running() == expected);
  }
}

TEST_CASE("a service that had been ready restarts at once, whatever its exit code") {
  for (const int code : {0, 1}) {
    auto run = run_in(State::ready);
    run.pass(5s);
    CHECK(run.send(crash("exited", code)) == "reclaim");
    CHECK(run.state() == State::claiming);
    CHECK(run.machine.restarts() == 1);
    CHECK(run.machine.failures() == 1);
  }
}

TEST_CASE("exit code 0 before ready is a failure as well") {
  auto run = run_in(State::starting);
  auto event = crash("exited with code 0", 0);
  event.clean_exit = true;
  CHECK(run.send(event) == "close_fence");
  CHECK(run.state() == State::backing_off);
  CHECK(run.machine.failures() == 1);
}

TEST_CASE("the back-off doubles from 0.2 s to 10 s, give or take ten percent") {
  config::ServiceConfig config;
  config.restart.max = 100;
  config.ready.deadline = 24h;
  for (const std::uint32_t seed : {0U, 1U, 7919U, 0xffffffffU}) {
    Run run(config, seed);
    run.spawn();
    Millis plain = 200ms;
    for (int i = 0; i < 20; ++i) {
      run.send(crash());
      REQUIRE(run.state() == State::backing_off);
      CHECK(run.until_deadline() >= plain * 90 / 100);
      CHECK(run.until_deadline() <= plain * 110 / 100);
      plain = std::min<Millis>(plain * 2, 10s);
      run.spawn_again();
      REQUIRE(run.state() == State::starting);
    }
  }
}

TEST_CASE("the jitter differs between services and stays the same for one") {
  const auto first_pause = [](std::uint32_t seed) {
    Run run({}, seed);
    run.spawn();
    run.send(crash());
    return run.until_deadline();
  };
  std::vector<Millis> pauses;
  for (std::uint32_t seed = 0; seed < 16; ++seed) pauses.push_back(first_pause(seed * 7919));
  CHECK(first_pause(3 * 7919) == pauses[3]);
  CHECK(std::any_of(pauses.begin(), pauses.end(), [&](Millis pause) { return pause != pauses.front(); }));
}

TEST_CASE("five failures in a row end in failed, with the last cause") {
  Run run;
  run.spawn();
  for (int i = 1; i < 5; ++i) {
    run.send(crash());
    REQUIRE(run.state() == State::backing_off);
    run.spawn_again();
  }
  CHECK(run.send(crash("exited with code 7", 7)) == "release");
  CHECK(run.state() == State::failed);
  CHECK(run.machine.detail() == "exited with code 7 (failure 5 in a row)");
  CHECK_FALSE(run.machine.deadline());
}

TEST_CASE("a service that dies every 15 s reaches failed too") {
  Run run;
  run.spawn();
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(run.state() == State::starting);
    run.send(Kind::became_ready);
    run.pass(15s);
    run.send(crash());
    run.spawn_again();
  }
  CHECK(run.state() == State::failed);
}

TEST_CASE("30 s of ready clear the failure count") {
  Run run;
  run.spawn();
  for (int i = 1; i < 5; ++i) {
    run.send(crash());
    run.spawn_again();
  }
  CHECK(run.machine.failures() == 4);
  run.send(Kind::became_ready);
  SECTION("thirty seconds") {
    run.pass(30s);
    run.send(crash());
    CHECK(run.state() == State::claiming);
    CHECK(run.machine.failures() == 1);
  }
  SECTION("a moment less") {
    run.pass(29'999ms);
    run.send(crash());
    CHECK(run.state() == State::failed);
  }
  SECTION("thirty seconds before a restart that somebody asked for") {
    run.pass(30s);
    run.send(Kind::restart);
    run.send(Kind::tree_empty);
    run.spawn_again();
    run.send(crash());
    CHECK(run.state() == State::backing_off);
    CHECK(run.machine.failures() == 1);
  }
}

TEST_CASE("having been ready before a restart does not count for the run after it") {
  auto run = run_in(State::ready);
  run.pass(1s);
  CHECK(run.send(Kind::restart) == "stop_tree");
  CHECK(run.send(Kind::tree_empty) == "reclaim");
  run.spawn_again();
  REQUIRE(run.state() == State::starting);
  SECTION("a crash before ready backs off") {
    CHECK(run.send(crash()) == "close_fence");
    CHECK(run.state() == State::backing_off);
  }
  SECTION("a stolen port is a new claim") {
    CHECK(run.send(steal()) == "reclaim");
    CHECK(run.machine.failures() == 0);
  }
}

TEST_CASE("a stolen port is a new claim, not a failure, at most five times") {
  Run run;
  run.spawn();
  for (int i = 1; i <= 5; ++i) {
    CHECK(run.send(steal()) == "reclaim");
    REQUIRE(run.state() == State::claiming);
    CHECK(run.machine.failures() == 0);
    run.spawn_again();
  }
  CHECK(run.send(steal()) == "close_fence");
  CHECK(run.machine.failures() == 1);
}

TEST_CASE("being ready makes a new allowance of stolen ports") {
  Run run;
  run.spawn();
  for (int i = 1; i <= 5; ++i) {
    run.send(steal());
    run.spawn_again();
  }
  run.send(Kind::became_ready);
  run.send(crash());
  run.spawn_again();
  CHECK(run.send(steal()) == "reclaim");
  CHECK(run.machine.failures() == 1);
}

TEST_CASE("a service that was ready has not lost its port to a thief") {
  auto run = run_in(State::ready);
  run.send(steal());
  CHECK(run.machine.failures() == 1);
}

TEST_CASE("the restart policy decides whether there is another try") {
  config::ServiceConfig config;
  SECTION("never") {
    config.restart.policy = config::RestartPolicy::never;
    Run run(config);
    run.spawn();
    CHECK(run.send(crash("exited with code 0", 0)) == "release");
    CHECK(run.state() == State::failed);
    CHECK(run.machine.detail() == "exited with code 0");
    CHECK(run.machine.restarts() == 0);
  }
  SECTION("not on some exit codes") {
    config.restart.never_on = {2, 78};
    Run run(config);
    run.spawn();
    run.send(crash("killed by SIGKILL", std::nullopt));
    REQUIRE(run.state() == State::backing_off);
    run.spawn_again();
    run.send(crash("exited with code 78", 78));
    CHECK(run.state() == State::failed);
    CHECK(run.machine.detail() == "exited with code 78; `restart.never_on` names that code");
  }
  SECTION("not after some signals, as shells number them") {
    config.restart.never_on = {139};
    Run run(config);
    run.spawn();
    run.send(crash("killed by SIGSEGV", 139));
    CHECK(run.state() == State::failed);
    CHECK(run.machine.detail() == "killed by SIGSEGV; `restart.never_on` names that code");
  }
  SECTION("a code that our own signal made is none of its own") {
    config.restart.never_on = {143};
    Run run(config);
    run.spawn();
    run.all({Kind::spawned, Kind::became_ready, Kind::unhealthy});
    run.send(crash("killed by SIGTERM", 143));
    CHECK(run.state() == State::claiming);
  }
  SECTION("a code of its first process counts when the rest has to be ended") {
    config.restart.never_on = {78};
    Run run(config);
    run.spawn();
    run.all({Kind::spawned, Kind::leader_exited});
    run.send(crash("exited with code 78", 78));
    CHECK(run.state() == State::failed);
  }
  SECTION("at most so many failures") {
    config.restart.max = 1;
    Run run(config);
    run.spawn();
    run.send(crash("exited with code 3", 3));
    CHECK(run.state() == State::failed);
    CHECK(run.machine.detail() == "exited with code 3");
  }
  SECTION("new settings count from the next decision on") {
    Run run(config);
    run.spawn();
    config.restart.policy = config::RestartPolicy::never;
    run.machine.reconfigure(config);
    CHECK(run.state() == State::starting);
    run.send(crash());
    CHECK(run.state() == State::failed);
  }
}

TEST_CASE("the first start has one deadline over all its attempts") {
  config::ServiceConfig config;
  config.ready.deadline = 10s;
  Run run(config);
  run.all({Kind::start, Kind::claimed});
  CHECK_FALSE(run.machine.deadline());  // waiting for others takes none of it
  run.pass(60s);
  run.send(Kind::deps_ready);
  CHECK(run.until_deadline() == 10s);
  const auto deadline = run.machine.deadline();
  run.pass(4s);
  run.send(crash());
  run.spawn_again();
  CHECK(run.machine.deadline() == deadline);
  run.pass(1s);
  run.send(steal());
  run.spawn_again();
  CHECK(run.machine.deadline() == deadline);
  run.now = *deadline;
  CHECK(run.send(Kind::deadline) == "stop_tree");
  CHECK(run.state() == State::stopping);
  CHECK(run.machine.deadline());
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "release");
  CHECK(run.state() == State::failed);
  CHECK(run.machine.detail() == "not ready within 10s");
}

TEST_CASE("an automatic restart has a new deadline each time, and missing it is one failure") {
  config::ServiceConfig config;
  config.ready.deadline = 10s;
  config.restart.max = 3;
  Run run(config);
  run.spawn();
  run.send(Kind::became_ready);
  run.pass(1s);
  run.send(crash());
  run.spawn_again();
  CHECK(run.until_deadline() == 10s);
  run.pass(10s);
  CHECK(run.send(Kind::deadline) == "stop_tree");
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "close_fence");
  CHECK(run.state() == State::backing_off);
  CHECK(run.machine.failures() == 2);
  CHECK(run.machine.detail().find("not ready within 10s; next try in ") == 0);
  run.spawn_again();
  CHECK(run.until_deadline() == 10s);
  run.pass(10s);
  run.send(Kind::deadline);
  run.send(Kind::tree_empty);
  CHECK(run.state() == State::failed);
}

TEST_CASE("a leader's exit tears the rest down and counts once, as the exit it was") {
  auto run = run_in(State::starting);
  CHECK(run.send(Event{Kind::leader_exited, "exited with code 1"}) == "stop_tree");
  CHECK(run.machine.failures() == 0);
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "close_fence");
  CHECK(run.machine.failures() == 1);
  CHECK(run.machine.detail().find("exited with code 1; next try in ") == 0);
}

TEST_CASE("a stop during the tear-down after a crash wins over the restart") {
  auto run = run_in(State::ready);
  run.send(Event{Kind::leader_exited, "exited with code 1"});
  REQUIRE(run.state() == State::stopping);
  CHECK(run.send(Kind::stop).empty());
  CHECK(run.send(Kind::tree_empty) == "release");
  CHECK(run.state() == State::stopped);
  CHECK(run.machine.detail().empty());
  CHECK(run.machine.failures() == 0);
}

TEST_CASE("a kill during a restart means stopped") {
  auto run = run_in(State::ready);
  run.send(Kind::restart);
  CHECK(run.send(Kind::kill) == "kill_tree");
  CHECK(run.send(Kind::tree_empty) == "release");
  CHECK(run.state() == State::stopped);
}

TEST_CASE("survivors end in failed from every running state, and name themselves") {
  for (const auto state : {State::starting, State::ready, State::stopping}) {
    auto run = run_in(state);
    CHECK(run.send(Event{Kind::survivors, "2 processes could not be ended"}) == "release");
    CHECK(run.state() == State::failed);
    CHECK(run.machine.detail() == "2 processes could not be ended");
  }
}

TEST_CASE("a forbidden way of coming up ends in failed, not in another try") {
  auto run = run_in(State::starting);
  Event rejected{Kind::rejected, "listens on 3001 instead of 3000, and its port is strict"};
  rejected.code = FailureCode::wrong_port;
  CHECK(run.send(rejected) == "stop_tree");
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "release");
  CHECK(run.state() == State::failed);
  CHECK(run.machine.detail() == "listens on 3001 instead of 3000, and its port is strict");
  CHECK(run.machine.failure_code() == FailureCode::wrong_port);
  run.spawn();
  run.all({Kind::became_ready, Kind::survivors});
  CHECK(run.state() == State::failed);
  CHECK(run.machine.failure_code() == FailureCode::other);
}

TEST_CASE("a program that cannot be executed is not tried again") {
  auto run = run_in(State::starting);
  Event failed{Kind::spawn_failed, "no such program: uvicron"};
  failed.code = FailureCode::command_not_found;
  CHECK(run.send(failed) == "release");
  CHECK(run.machine.failure_code() == FailureCode::command_not_found);
  CHECK(run.machine.detail() == "no such program: uvicron");
  CHECK(run.machine.restarts() == 0);
}

TEST_CASE("a start by hand clears the count") {
  Run run;
  run.spawn();
  for (int i = 1; i <= 4; ++i) {
    run.send(crash());
    run.spawn_again();
  }
  run.send(crash());
  REQUIRE(run.state() == State::failed);
  run.spawn();
  CHECK(run.machine.failures() == 0);
  CHECK(run.machine.restarts() == 0);
  run.send(crash());
  CHECK(run.state() == State::backing_off);
  CHECK(run.until_deadline() <= 220ms);
}

TEST_CASE("a change of state is dated, a remark is not") {
  auto run = run_in(State::starting);
  run.pass(3s);
  run.send(Event{Kind::became_ready, "unproven: the owner is hidden"});
  CHECK(run.machine.since() == run.now);
  CHECK(run.machine.detail() == "unproven: the owner is hidden");
  const auto since = run.machine.since();
  run.pass(1s);
  run.machine.remark("adopted port 3001");
  CHECK(run.machine.detail() == "adopted port 3001");
  CHECK(run.machine.since() == since);
}

}  // namespace
}  // namespace devinit::engine
