#include "engine/engine.hpp"

#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using namespace std::chrono_literals;
using Kind = ServiceMachine::EventKind;
using Lines = std::vector<std::string>;

TEST_CASE("an engine that knows nothing is idle and has nothing to wait for") {
  Engine engine(1);
  CHECK(engine.idle());
  CHECK_FALSE(engine.next_deadline());
  CHECK(engine.snapshots().empty());
  CHECK(engine.config_of("backend") == nullptr);
  CHECK(engine.step(Tick{}, TimePoint{1h}).empty());
}

TEST_CASE("events about unknown services and operations have no effect") {
  Engine engine(1);
  const TimePoint now{1h};
  CHECK(engine.step(ServiceEvent{"nobody", {Kind::tree_empty}}, now).empty());
  CHECK(engine.step(PortChanged{"nobody", "", 8000, "", ""}, now).empty());
  CHECK(engine.step(Answered{7, 1, PortPlanner::Choice::next, ""}, now).empty());
  CHECK(engine.step(Claimed{7, 0, {}}, now).empty());
  CHECK(engine.step(FilesWritten{7, {}}, now).empty());
  CHECK(engine.step(Cancelled{7}, now).empty());
  CHECK(engine.step(ClientGone{7}, now).empty());
}

TEST_CASE("the engine is idle exactly when nothing runs, is about to, or is under way") {
  auto shell = shop();
  CHECK(shell.engine.idle());
  shell.strangers = {8000};
  shell.start(1);
  CHECK_FALSE(shell.engine.idle());  // a question is open
  shell.answer(PortPlanner::Choice::next);
  CHECK_FALSE(shell.engine.idle());
  shell.slow_end = {"backend"};
  shell.stop(2);
  CHECK_FALSE(shell.engine.idle());
  shell.ended("backend");
  CHECK(shell.engine.idle());
}

TEST_CASE("a service in back-off keeps the engine awake until its deadline") {
  auto shell = shop();
  shell.slow_ready = {"worker"};
  shell.start(1, {"worker"});
  shell.ended("worker");
  CHECK_FALSE(shell.engine.idle());
  const auto deadline = shell.engine.next_deadline();
  REQUIRE(deadline);
  shell.now = *deadline - 1ms;
  shell.post(Tick{});
  CHECK(shell.state("worker") == State::backing_off);
  shell.now = *deadline;
  shell.post(Tick{});
  CHECK(shell.state("worker") == State::starting);
}

TEST_CASE("the first failure of a start does not end it: the service has its other tries") {
  auto shell = shop();
  shell.slow_ready = {"worker"};
  shell.start(1, {"worker"});
  for (int i = 1; i < 5; ++i) {
    shell.ended("worker");
    REQUIRE_FALSE(shell.finished(1));
    REQUIRE(shell.tick());
  }
  shell.ended("worker");
  CHECK_FALSE(shell.outcome(1).ok);
  CHECK(shell.engine.idle());
}

TEST_CASE("an unready service fails the start at its deadline") {
  auto shell = shop();
  shell.slow_ready = {"worker"};
  shell.configuration[2].config.ready.deadline = 7s;
  shell.start(1, {"worker"});
  const auto begin = shell.now;
  shell.tick();
  CHECK(shell.now - begin == 7s);
  REQUIRE(shell.outcome(1).failures.size() == 1);
  CHECK(shell.outcome(1).failures[0].reason == "not ready within 7s");
}

TEST_CASE("a crash restarts the service on the same ports, without a new plan") {
  auto shell = shop();
  shell.start(1);
  shell.news();
  shell.ended("backend");
  CHECK(shell.news() == Lines{"reclaim backend", "spawn backend"});
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.engine.snapshot("backend").restarts == 1);
}

TEST_CASE("a port that cannot be had again fails the service") {
  auto shell = shop();
  shell.start(1);
  shell.reclaim_error = "port 8000 was taken by 77 (nc), and its port is strict";
  shell.ended("backend");
  CHECK(shell.state("backend") == State::failed);
  CHECK(shell.engine.snapshot("backend").detail == "port 8000 was taken by 77 (nc), and its port is strict");
  CHECK(shell.held_ports() == std::vector<Port>{3000});
}

TEST_CASE("an automatic restart waits for its dependencies, and fails when one is gone for good") {
  auto shell = shop();
  shell.start(1);
  shell.stop(2, {"backend"});
  shell.ended("frontend");
  CHECK(shell.state("frontend") == State::failed);
  CHECK(shell.engine.snapshot("frontend").detail == "not started: it depends on backend, which was stopped");
}

TEST_CASE("a dependency that is not ours to start is not waited for") {
  FakeShell shell;
  shell.configuration = {service("backend", 8000, {"postgres"})};
  shell.start(1);
  CHECK(shell.outcome(1).ok);
}

TEST_CASE("snapshots come in configuration order and name ports, sources and URLs") {
  auto shell = shop();
  auto& backend = shell.configuration[0];
  backend.ports.push_back(backend.ports.front());
  backend.ports.back().port_name = "metrics";
  backend.ports.back().prefer = Port{9100};
  shell.start(1);
  const auto all = shell.engine.snapshots();
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == "backend");
  CHECK(all[0].ready);
  CHECK(all[0].wanted);
  CHECK(all[0].port == Port{8000});
  CHECK(all[0].port_source == "default");
  CHECK(all[0].url == "http://localhost:8000");
  REQUIRE(all[0].ports.size() == 1);
  CHECK(all[0].ports[0] == std::pair<std::string, Port>{"metrics", 9100});
  CHECK(shell.engine.port_of("backend", "metrics") == Port{9100});
  CHECK(all[2].name == "worker");
  CHECK_FALSE(all[2].port);
  CHECK(all[2].url.empty());
  CHECK(shell.engine.since("backend") == shell.now);
}

TEST_CASE("a worker whose program cannot be executed is not ready, even when it was taken for it") {
  auto shell = shop();
  shell.start(1, {"worker"});
  shell.lost("worker", Kind::spawn_failed, "no such program: celry");
  CHECK(shell.state("worker") == State::failed);
  CHECK(shell.engine.idle());
}

TEST_CASE("the pid is known while the tree runs") {
  auto shell = shop();
  shell.slow_end = {"worker"};
  shell.start(1, {"worker"});
  shell.stop(2);
  CHECK(shell.engine.snapshot("worker").pid == 4242);
  shell.ended("worker");
  CHECK_FALSE(shell.engine.snapshot("worker").pid);
}

// ---- a port that changes after the plan ----

PortChanged adopted(const std::string& service, Port port) {
  return PortChanged{service, "", port, "the service listens there by its own choice", "adopted"};
}

TEST_CASE("a changed port is written, said, and restarts a sibling of the same command once") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1);
  REQUIRE(shell.state("worker") == State::ready);
  shell.news();
  shell.post(adopted("backend", 8001));
  CHECK(shell.news() == Lines{"moved backend 8000 8001", "write 0", "stop_tree worker", "reclaim worker", "spawn worker"});
  CHECK(shell.engine.snapshot("backend").port_source == "adopted");
  CHECK(shell.state("worker") == State::ready);
  shell.post(adopted("backend", 8002));
  CHECK(shell.count("stop_tree worker") == 0);
  CHECK(shell.engine.snapshot("worker").stale);
  CHECK_FALSE(shell.engine.snapshot("backend").stale);
  shell.ready("backend");
  CHECK(shell.outcome(1).ok);
  CHECK_FALSE(shell.engine.snapshot("frontend").stale);  // spawned with the right value
}

TEST_CASE("a port that was only foreseen may change without being held, and one that is held stays") {
  auto shell = shop();
  shell.start(1, {"backend"});
  const Port foreseen = shell.port("frontend").value();
  const PortChanged moved{"frontend", "", static_cast<Port>(foreseen + 1), "it belongs to another project", "fallback", false};
  shell.news();
  shell.post(moved);
  CHECK(shell.port("frontend") == foreseen + 1);
  CHECK(shell.count("write 0") == 1);
  CHECK(shell.held_ports() == std::vector<Port>{8000});
  shell.start(2, {"frontend"});
  const Port own = shell.port("frontend").value();
  shell.post(PortChanged{"frontend", "", 4000, "it belongs to another project", "fallback", false});
  CHECK(shell.port("frontend") == own);
}

TEST_CASE("a changed port marks siblings stale that other commands started, until they run anew") {
  auto shell = shop();
  shell.start(1);
  shell.post(adopted("backend", 8001));
  CHECK(shell.engine.snapshot("frontend").stale);
  CHECK(shell.engine.snapshot("worker").stale);
  CHECK(shell.state("frontend") == State::ready);
  shell.ended("frontend");
  CHECK_FALSE(shell.engine.snapshot("frontend").stale);
  shell.restart(2, {"worker"});
  CHECK_FALSE(shell.engine.snapshot("worker").stale);
}

TEST_CASE("a service is not stale any more when the old port is back") {
  auto shell = shop();
  shell.start(1);
  shell.post(adopted("backend", 8001));
  REQUIRE(shell.engine.snapshot("frontend").stale);
  shell.post(adopted("backend", 8000));
  CHECK_FALSE(shell.engine.snapshot("frontend").stale);
}

TEST_CASE("a new plan that moves a port marks those stale that run with the old one") {
  auto shell = running_shop();
  shell.stop(2, {"backend"});
  shell.strangers = {8000};
  shell.start(3, {"backend"});
  shell.answer(PortPlanner::Choice::next);
  CHECK(shell.port("backend") == Port{8001});
  CHECK(shell.engine.snapshot("frontend").stale);
  CHECK(shell.engine.snapshot("worker").stale);
}

TEST_CASE("a stopped service is not stale") {
  auto shell = shop();
  shell.start(1);
  shell.post(adopted("backend", 8001));
  shell.stop(2, {"worker"});
  CHECK_FALSE(shell.engine.snapshot("worker").stale);
}

TEST_CASE("a port that did not change is no news") {
  auto shell = shop();
  shell.start(1);
  shell.news();
  shell.post(adopted("backend", 8000));
  CHECK(shell.news().empty());
}

}  // namespace
}  // namespace devinit::engine
