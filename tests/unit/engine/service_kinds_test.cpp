// What tasks, scheduled and external services do otherwise, and what probes, limits and dependencies do to a machine.
#include <catch2/catch.hpp>

#include "unit/engine/machine_run.hpp"

namespace devinit::engine {
namespace {

using Kind = ServiceMachine::EventKind;
using Event = ServiceMachine::Event;
using config::ServiceKind;
using namespace std::chrono_literals;

Event ended_well() { return crash("exited with code 0", 0); }

Run at_work(ServiceKind kind) {
  Run run(of_kind(kind));
  run.all({Kind::start, Kind::claimed});
  if (kind == ServiceKind::scheduled) run.all({Kind::run, Kind::claimed});
  run.all({Kind::deps_ready, Kind::spawned});
  REQUIRE(run.state() == State::running);
  return run;
}

// ---- tasks ----

TEST_CASE("a task that ends with 0 is completed, and has all the time it wants") {
  auto run = at_work(ServiceKind::task);
  CHECK_FALSE(run.machine.deadline());
  CHECK(run.send(ended_well()) == "release");
  CHECK(run.state() == State::completed);
  CHECK(run.machine.failures() == 0);
}

TEST_CASE("a task's failure follows its restart policy") {
  auto config = of_kind(ServiceKind::task);
  SECTION("never: failed at once") {
    config.restart.policy = config::RestartPolicy::never;
    Run run(config);
    run.spawn();
    run.send(Kind::spawned);
    CHECK(run.send(crash()) == "release");
    CHECK(run.state() == State::failed);
  }
  SECTION("on failure: again, later") {
    config.restart.max = 2;
    Run run(config);
    run.spawn();
    run.send(Kind::spawned);
    CHECK(run.send(crash()) == "close_fence");
    run.spawn_again();
    run.send(Kind::spawned);
    CHECK(run.send(crash()) == "release");
    CHECK(run.state() == State::failed);
  }
}

TEST_CASE("a failed hook before the start is a failed start of every kind") {
  Event failed{Kind::not_ready, "its before_start hook exited with code 1"};
  failed.code = FailureCode::hook_failed;
  SECTION("service and task") {
    auto config = of_kind(GENERATE(ServiceKind::service, ServiceKind::task));
    config.restart.max = 2;
    Run run(config);
    run.spawn();
    CHECK(run.send(failed) == "stop_tree");
    run.send(crash("it was not running", std::nullopt));
    CHECK(run.state() == State::backing_off);
    run.spawn_again();
    run.send(failed);
    run.send(crash("it was not running", std::nullopt));
    CHECK(run.state() == State::failed);
    CHECK(run.machine.failure_code() == FailureCode::hook_failed);
    CHECK(run.machine.detail() == failed.text + " (failure 2 in a row)");
  }
  SECTION("scheduled") {
    Run run(of_kind(ServiceKind::scheduled));
    run.all({Kind::start, Kind::claimed, Kind::run, Kind::claimed, Kind::deps_ready});
    CHECK(run.send(failed) == "stop_tree");
    run.send(crash("it was not running", std::nullopt));
    CHECK(run.state() == State::scheduled);
    CHECK(run.machine.detail() == "the last run failed: " + failed.text);
  }
}

TEST_CASE("what a task leaves behind when it has ended does not change its result") {
  auto run = at_work(ServiceKind::task);
  Event exit{Kind::leader_exited, "exited with code 0"};
  exit.clean_exit = true;
  CHECK(run.send(exit) == "stop_tree");
  CHECK(run.send(ended_well()) == "release");
  CHECK(run.state() == State::completed);
}

TEST_CASE("a task with nothing to do is completed, and says why") {
  Run run(of_kind(ServiceKind::task));
  run.spawn();
  CHECK(run.send(Event{Kind::nothing_to_do, "done yesterday"}) == "release");
  CHECK(run.state() == State::completed);
  CHECK(run.machine.detail() == "done yesterday");
}

TEST_CASE("a task that is told to run while it runs does so once more, however it ended") {
  for (const auto& end : {ended_well(), crash()}) {
    auto run = at_work(ServiceKind::task);
    CHECK(run.send(Kind::run).empty());
    CHECK(run.send(Kind::run).empty());
    CHECK(run.send(end) == "reclaim");
    run.all({Kind::claimed, Kind::deps_ready, Kind::spawned});
    CHECK(run.send(ended_well()) == "release");
    CHECK(run.state() == State::completed);
  }
}

TEST_CASE("a task that is stopped does not run once more") {
  auto run = at_work(ServiceKind::task);
  run.all({Kind::run, Kind::stop});
  CHECK(run.send(ended_well()) == "release");
  CHECK(run.state() == State::stopped);
}

// ---- scheduled ----

TEST_CASE("a scheduled service does not run at its start, and is scheduled again after every run") {
  Run run(of_kind(ServiceKind::scheduled));
  run.send(Kind::start);
  CHECK(run.send(Kind::claimed) == "schedule");
  CHECK(run.state() == State::scheduled);
  for (const bool well : {true, false, true}) {
    CHECK(run.send(Kind::run) == "reclaim");
    run.send(Kind::claimed);
    CHECK(run.send(Kind::deps_ready) == "spawn");
    run.send(Kind::spawned);
    CHECK(run.machine.on_schedule());
    CHECK(run.send(well ? ended_well() : crash()) == "close_fence+schedule");
    CHECK(run.state() == State::scheduled);
    CHECK(run.machine.detail() == (well ? "" : "the last run failed: exited with code 1"));
  }
  CHECK(run.machine.restarts() == 0);
}

TEST_CASE("whatever keeps a run from happening, the next one is scheduled") {
  Run run(of_kind(ServiceKind::scheduled));
  run.all({Kind::start, Kind::claimed, Kind::run});
  SECTION("no port") { CHECK(run.send(Kind::claim_failed) == "close_fence+schedule"); }
  SECTION("a dependency") {
    run.send(Kind::claimed);
    CHECK(run.send(Event{Kind::deps_failed, "not started: it depends on db, which failed"}) == "close_fence+schedule");
    CHECK(run.machine.detail() == "the last run was not started: it depends on db, which failed");
  }
  SECTION("its program") {
    run.all({Kind::claimed, Kind::deps_ready});
    CHECK(run.send(Kind::spawn_failed) == "close_fence+schedule");
  }
  CHECK(run.state() == State::scheduled);
}

TEST_CASE("the time that comes during a run is no news, and a restart runs now") {
  auto run = at_work(ServiceKind::scheduled);
  CHECK(run.send(Kind::run).empty());
  CHECK(run.send(ended_well()) == "close_fence+schedule");
  CHECK(run.send(Kind::restart) == "reclaim");
  run.all({Kind::claimed, Kind::deps_ready, Kind::spawned, Kind::stop});
  CHECK(run.send(crash()) == "release");
  CHECK(run.state() == State::stopped);
  CHECK_FALSE(run.machine.on_schedule());
}

// ---- external ----

TEST_CASE("an external service is starting until it answers, and again when it does not") {
  auto config = of_kind(ServiceKind::external);
  config.ready.deadline = 7s;
  Run run(config);
  run.spawn();
  run.send(Event{Kind::not_ready, "nobody listens on port 9200"});
  CHECK(run.state() == State::starting);
  CHECK(run.machine.detail() == "nobody listens on port 9200");
  CHECK_FALSE(run.machine.running());
  CHECK_FALSE(run.machine.deadline());
  run.machine.set_awaited(true, run.now);
  CHECK(run.until_deadline() == 7s);
  SECTION("it answers in time") {
    run.send(Kind::became_ready);
    CHECK(run.state() == State::ready);
    CHECK_FALSE(run.machine.deadline());
    run.machine.set_awaited(false, run.now);
    run.send(Event{Kind::unhealthy, "nobody listens on port 9200"});
    CHECK(run.state() == State::starting);
    CHECK(run.machine.flaps() == 1);
    CHECK_FALSE(run.machine.deadline());
    run.send(Kind::healthy);
    CHECK(run.state() == State::ready);
  }
  SECTION("nobody waits any more") {
    run.machine.set_awaited(false, run.now);
    CHECK_FALSE(run.machine.deadline());
  }
  SECTION("it does not answer in time") {
    CHECK(run.send(Kind::deadline) == "release");
    CHECK(run.state() == State::failed);
    CHECK(run.machine.detail() == "nobody listens on port 9200: not ready within 7s");
  }
}

// ---- probes ----

TEST_CASE("a start whose probe said no too often is a crash with a budget") {
  config::ServiceConfig config;
  config.restart.max = 2;
  Run run(config);
  run.spawn();
  CHECK(run.send(Event{Kind::not_ready, "GET /health answered 500, 3 times"}) == "stop_tree");
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "close_fence");
  CHECK(run.machine.detail().find("GET /health answered 500, 3 times; next try in ") == 0);
  run.spawn_again();
  run.send(Kind::not_ready);
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "release");
  CHECK(run.state() == State::failed);
}

TEST_CASE("liveness restarts by default, and counts") {
  auto run = run_in(State::ready);
  CHECK(run.send(Event{Kind::unhealthy, "GET /health answered 503"}) == "stop_tree");
  CHECK(run.send(crash("killed by SIGTERM", std::nullopt)) == "reclaim");
  CHECK(run.machine.detail() == "GET /health answered 503; restarting");
  CHECK(run.machine.failures() == 1);
  CHECK(run.machine.flaps() == 1);
}

TEST_CASE("liveness that only marks changes no state, counts each time once, and forgives nothing") {
  config::ServiceConfig config;
  config.live.emplace();
  config.live->action = config::LiveAction::mark;
  config.restart.max = 2;
  Run run(config);
  run.spawn();
  run.send(crash());
  run.spawn_again();
  run.send(Kind::became_ready);
  CHECK(run.send(Event{Kind::unhealthy, "no answer"}).empty());
  CHECK(run.send(Event{Kind::unhealthy, "no answer"}).empty());
  CHECK(run.state() == State::ready);
  CHECK_FALSE(run.machine.healthy());
  CHECK(run.machine.detail() == "no answer");
  CHECK(run.machine.flaps() == 1);
  CHECK(run.send(Kind::healthy).empty());
  CHECK(run.machine.healthy());
  CHECK(run.machine.detail().empty());
  CHECK(run.machine.failures() == 1);
  run.pass(29s);
  run.send(crash());
  CHECK(run.state() == State::failed);
}

TEST_CASE("a start by hand begins to count flaps anew") {
  auto run = run_in(State::ready);
  run.send(Kind::unhealthy);
  run.all({Kind::stop, Kind::tree_empty});
  CHECK(run.machine.flaps() == 1);
  run.spawn();
  CHECK(run.machine.flaps() == 0);
}

// ---- limits ----

TEST_CASE("the end of what took too much is a crash that names the limit") {
  config::ServiceConfig config;
  config.restart.max = 2;
  Run run(config);
  run.spawn();
  run.send(Kind::became_ready);
  const Event exceeded{Kind::exceeded, "out of memory: its limit is 1 GB"};
  CHECK(run.send(exceeded).empty());
  CHECK(run.send(crash("killed by SIGKILL", std::nullopt)) == "reclaim");
  CHECK(run.machine.detail() == "out of memory: its limit is 1 GB; restarting");
  run.spawn_again();
  run.send(exceeded);
  CHECK(run.send(crash("killed by SIGKILL", std::nullopt)) == "release");
  CHECK(run.machine.detail() == "out of memory: its limit is 1 GB (failure 2 in a row)");
  CHECK(run.machine.failure_code() == FailureCode::out_of_memory);
}

TEST_CASE("a limit that was exceeded is forgotten with its run") {
  auto run = run_in(State::ready);
  run.send(Event{Kind::exceeded, "out of memory"});
  run.send(crash());
  run.spawn_again();
  run.send(crash("exited with code 3", 3));
  CHECK(run.machine.detail().find("exited with code 3; next try in ") == 0);
}

// ---- dependencies and edits ----

TEST_CASE("who loses a dependency and shall stop is stopped, and says why") {
  auto run = run_in(State::ready);
  CHECK(run.send(Event{Kind::lost_dependency, "stopped: it depends on db, which failed"}) == "stop_tree");
  CHECK(run.send(Kind::tree_empty) == "release");
  CHECK(run.state() == State::stopped);
  CHECK(run.machine.detail() == "stopped: it depends on db, which failed");
}

TEST_CASE("a start whose dependency is not to be had says so to programs") {
  auto run = run_in(State::waiting);
  run.send(Event{Kind::deps_failed, "not started: it depends on db, which failed"});
  CHECK(run.machine.failure_code() == FailureCode::dependency);
}

TEST_CASE("a restart never undoes a stop") {
  auto run = run_in(State::stopping);
  run.send(Kind::restart);
  CHECK(run.send(Kind::tree_empty) == "release");
  CHECK(run.state() == State::stopped);
}

TEST_CASE("an edit forgives earlier failures, another restart does not") {
  for (const bool afresh : {true, false}) {
    auto run = run_in(State::ready);
    run.send(crash());
    run.spawn_again();
    run.send(Kind::became_ready);
    Event restart{Kind::restart};
    restart.afresh = afresh;
    run.send(restart);
    run.send(Kind::tree_empty);
    CHECK(run.machine.failures() == (afresh ? 0 : 1));
  }
}

TEST_CASE("nothing runs again by itself beside processes that could not be ended") {
  auto run = run_in(State::ready);
  run.send(Event{Kind::survivors, "2 processes could not be ended"});
  CHECK(run.send(Kind::restart).empty());
  CHECK(run.state() == State::failed);
  run.send(Kind::start);
  CHECK(run.state() == State::claiming);
}

}  // namespace
}  // namespace devinit::engine
