// The phases of start, restart, up and stop: src/engine/operations.cpp.
#include <catch2/catch.hpp>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using namespace std::chrono_literals;
using Choice = PortPlanner::Choice;
using Kind = ServiceMachine::EventKind;
using Lines = std::vector<std::string>;

// ---- start ----

TEST_CASE("start claims every port, then writes, then spawns in dependency order") {
  auto shell = shop();
  shell.start(1);
  CHECK(shell.news() == Lines{"claim backend 8000", "claim frontend 3000", "write 1", "spawn backend", "spawn worker",
                              "spawn frontend", "finished 1 ok"});
  for (const auto* name : {"backend", "frontend", "worker"}) CHECK(shell.state(name) == State::ready);
  CHECK(shell.engine.snapshot("backend").pid == 4242);
  CHECK(shell.broken.empty());
}

TEST_CASE("start waits for the slowest service and spawns nothing before what it depends on is ready") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1);
  CHECK(shell.state("frontend") == State::waiting);
  CHECK(shell.state("worker") == State::ready);
  CHECK_FALSE(shell.finished(1));
  shell.ready("backend");
  CHECK(shell.state("frontend") == State::ready);
  CHECK(shell.outcome(1).ok);
}

TEST_CASE("start of one service starts what it depends on, and chooses the other ports without holding them") {
  auto shell = shop();
  shell.configuration.push_back(service("docs", 4000));
  shell.start(1, {"frontend"});
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.state("docs") == State::stopped);
  CHECK(shell.held.size() == 2);
  CHECK(shell.port("docs") == Port{4000});
  REQUIRE(shell.written.size() == 3);
  CHECK_FALSE(shell.written[2].held);
}

TEST_CASE("automatic ports that are only foreseen differ from each other and from the claimed ones") {
  FakeShell shell;
  for (const auto* name : {"a", "b", "c"}) {
    auto plan = service(name, 20000);
    plan.ports.front().prefer.reset();
    plan.ports.front().search = {20000, 20010};
    shell.configuration.push_back(std::move(plan));
  }
  shell.avoid.insert(Port{20001});
  shell.start(1, {"b"});
  CHECK(shell.outcome(1).ok);
  std::set<Port> ports;
  for (const auto& known : shell.written) ports.insert(known.port);
  CHECK(ports == std::set<Port>{20000, 20002, 20003});
  CHECK(shell.held_ports() == std::vector<Port>{20000});
}

TEST_CASE("a start of what is ready leaves it alone and says so") {
  auto shell = running_shop();
  shell.start(2);
  CHECK(shell.news() == Lines{"write 2", "finished 2 ok"});
  CHECK(shell.has_notice("backend is already running on port 8000"));
  CHECK(shell.has_notice("worker is already running"));
}

TEST_CASE("two starts at once share one run") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1);
  shell.start(2);
  CHECK_FALSE(shell.finished(1));
  CHECK_FALSE(shell.finished(2));
  shell.ready("backend");
  CHECK(shell.outcome(1).ok);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.count("spawn backend") == 1);
}

TEST_CASE("a second start waits until the first has planned") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1);
  shell.start(2);
  REQUIRE(shell.questions.size() == 1);
  CHECK(shell.count("write 2") == 0);
  shell.answer(Choice::next);
  CHECK(shell.outcome(1).ok);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.count("spawn backend") == 1);
}

TEST_CASE("a start ends when every service is up or has failed, tells all that failed and leaves the ready ones up") {
  auto shell = shop();
  shell.slow_ready = {"backend", "worker"};
  shell.configuration[0].config.restart.policy = config::RestartPolicy::never;
  shell.start(1);
  shell.ended("backend", "exited with code 1");
  CHECK_FALSE(shell.finished(1));
  shell.ready("worker");
  const auto& outcome = shell.outcome(1);
  CHECK_FALSE(outcome.ok);
  CHECK(failed_names(outcome) == Lines{"backend", "frontend"});
  CHECK(outcome.failures[0].reason == "exited with code 1");
  CHECK(outcome.failures[1].reason == "not started: it depends on backend, which failed");
  CHECK(shell.state("worker") == State::ready);
  CHECK(shell.held.empty());
}

TEST_CASE("a service in back-off may come up still: a start waits for it") {
  auto shell = shop();
  shell.slow_ready = {"backend", "worker"};
  shell.start(1);
  shell.ended("backend");
  shell.lost("worker", Kind::spawn_failed, "no such program");
  REQUIRE(shell.state("backend") == State::backing_off);
  CHECK_FALSE(shell.finished(1));
  shell.tick();
  shell.ready("backend");
  CHECK(failed_names(shell.outcome(1)) == Lines{"worker"});
}

TEST_CASE("a start whose files cannot be written starts nothing and holds nothing") {
  auto shell = shop();
  shell.write_error = Error(Errc::io, "no space left");
  shell.start(1);
  REQUIRE(shell.outcome(1).error);
  CHECK(shell.outcome(1).error->message == "no space left");
  CHECK(shell.count("spawn worker") == 0);
  CHECK(shell.held.empty());
  CHECK(shell.engine.idle());
}

TEST_CASE("a start of a service in back-off plans anew, with the new settings, and spawns after the files") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.start(1, {"backend"});
  shell.ended("backend");
  REQUIRE(shell.state("backend") == State::backing_off);
  shell.configuration[0] = service("backend", 8100);
  shell.strangers = {8100};
  shell.news();
  shell.start(2, {"backend"});
  CHECK(shell.news() == Lines{"release backend", "claim backend 8100", "claim frontend 3000", "ask 2 backend 8100"});
  CHECK(shell.state("backend") == State::claiming);
  shell.answer(Choice::next);
  CHECK(shell.news() == Lines{"claim backend 8101", "moved backend 8100 8101", "release frontend", "write 2", "spawn backend"});
  shell.ready("backend");
  CHECK(shell.outcome(1).ok);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.held_ports() == std::vector<Port>{8101});
}

TEST_CASE("a removed service in back-off is forgotten by the next start of all") {
  auto shell = shop();
  shell.slow_ready = {"worker"};
  shell.start(1);
  shell.ended("worker");
  REQUIRE(shell.state("worker") == State::backing_off);
  shell.configuration.pop_back();
  shell.start(2);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.engine.config_of("worker") == nullptr);
}

// ---- questions ----

TEST_CASE("a busy port is asked about before anything is written, and next port is said loudly") {
  auto shell = shop();
  shell.strangers = {8000, 8001};
  shell.start(1);
  CHECK(shell.news() == Lines{"claim backend 8000", "claim frontend 3000", "ask 1 backend 8000"});
  shell.answer(Choice::next, "held by python3");
  CHECK(shell.news() == Lines{"claim backend 8001", "moved backend 8000 8002", "write 1", "spawn backend", "spawn worker",
                              "spawn frontend", "finished 1 ok"});
  CHECK(shell.engine.snapshot("backend").port_source == "fallback");
  CHECK(shell.port("backend") == Port{8002});
}

TEST_CASE("a port that was freed by a kill is taken") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1);
  shell.strangers.clear();
  shell.answer(Choice::retry);
  CHECK(shell.outcome(1).ok);
  CHECK(shell.port("backend") == Port{8000});
}

TEST_CASE("giving up releases everything that was claimed") {
  auto shell = shop();
  shell.strangers = {3000};
  shell.start(1);
  CHECK(shell.held_ports() == std::vector<Port>{8000});
  shell.answer(Choice::fail, "held by node");
  REQUIRE(shell.outcome(1).error);
  CHECK(shell.outcome(1).error->code == Errc::busy);
  CHECK(shell.held.empty());
  CHECK(shell.count("write 1") == 0);
  CHECK(shell.engine.idle());
  CHECK_FALSE(shell.engine.snapshot("backend").wanted);
}

TEST_CASE("an answer to another question is ignored") {
  auto shell = shop();
  shell.strangers = {8000, 3000};
  shell.start(1);
  const auto first = shell.questions.front();
  shell.answer(Choice::next);
  REQUIRE(shell.questions.size() == 1);
  shell.post(Answered{1, first.question, Choice::fail, "late"});
  CHECK_FALSE(shell.finished(1));
  shell.answer(Choice::next);
  CHECK(shell.outcome(1).ok);
}

TEST_CASE("a start whose client is gone while it is asked stops what it began") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1);
  shell.leave(1);
  CHECK(shell.finished(1));
  CHECK(shell.held.empty());
  CHECK(shell.engine.idle());
}

TEST_CASE("a restart whose client is gone takes the next port and brings the service back") {
  auto shell = running_shop();
  shell.configuration[0] = service("backend", 8100);
  shell.strangers = {8100};
  shell.restart(2);
  REQUIRE(shell.questions.size() == 1);
  SECTION("while it is asked") { shell.leave(2); }
  SECTION("and asked again") {
    shell.answer(Choice::retry);
    shell.leave(2);
  }
  CHECK(shell.finished(2));
  CHECK(shell.port("backend") == Port{8101});
  CHECK(shell.state("backend") == State::ready);
}

TEST_CASE("a restart whose client is gone before the first question is not asked at all") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.restart(2);
  shell.leave(2);
  shell.strangers = {8000};
  shell.ended("backend");
  CHECK(shell.questions.empty());
  CHECK(shell.port("backend") == Port{8001});
}

// ---- restart ----

TEST_CASE("restart of one service keeps its port: nothing is released, nothing claimed") {
  auto shell = shop();
  shell.strangers = {8000};
  shell.start(1);
  shell.answer(Choice::next);
  REQUIRE(shell.port("backend") == Port{8001});
  shell.strangers.clear();
  shell.news();
  shell.restart(2, {"backend"});
  CHECK(shell.news() == Lines{"stop_tree backend", "close_fence backend", "write 2", "spawn backend", "finished 2 ok"});
  CHECK(shell.port("backend") == Port{8001});
  CHECK(shell.state("frontend") == State::ready);
}

TEST_CASE("restart of all releases every port and plans anew, with the new configuration") {
  auto shell = running_shop();
  shell.configuration = {service("backend", 8100), service("frontend", 3000, {"backend"}), service("docs", 4000)};
  shell.restart(2);
  CHECK(shell.news() == Lines{"stop_tree frontend", "stop_tree worker", "release frontend", "stop_tree backend",
                              "release worker", "release backend", "claim backend 8100", "claim frontend 3000",
                              "claim docs 4000", "write 2", "spawn backend", "spawn docs", "spawn frontend", "finished 2 ok"});
  CHECK(shell.engine.config_of("worker") == nullptr);
  CHECK(shell.broken.empty());
}

TEST_CASE("a restart of all keeps a socket open that is passed on, unless another port is wanted") {
  auto shell = shop();
  shell.configuration[0].config.socket = config::SocketPassing::inherit;
  shell.start(1);
  shell.news();
  SECTION("the same port") {
    shell.restart(2);
    CHECK(shell.count("close_fence backend") == 1);
    CHECK(shell.count("release backend") == 0);
    CHECK(shell.count("release frontend") == 1);
  }
  SECTION("another one") {
    shell.configuration[0].ports[0].prefer = Port{8100};
    shell.restart(2);
    CHECK(shell.port("backend") == Port{8100});
    CHECK(shell.count("release backend") == 1);
  }
  SECTION("not passed on any more") {
    shell.configuration[0].config.socket = config::SocketPassing::none;
    shell.restart(2);
    CHECK(shell.count("release backend") == 1);
  }
  SECTION("gone") {
    shell.configuration[1].config.depends_on.clear();
    shell.configuration.erase(shell.configuration.begin());
    shell.restart(2);
    CHECK(shell.held_ports() == std::vector<Port>{3000});
  }
  CHECK(shell.outcome(2).ok);
  CHECK(shell.broken.empty());
}

TEST_CASE("restart of a stopped service starts it") {
  auto shell = shop();
  shell.restart(1, {"worker"});
  CHECK(shell.outcome(1).ok);
  CHECK(shell.state("worker") == State::ready);
  CHECK(shell.engine.snapshot("worker").wanted);
}

TEST_CASE("restart waits for a dependency that is being stopped") {
  auto shell = running_shop();
  shell.slow_end = {"backend"};
  shell.stop(2, {"backend"});
  shell.restart(3, {"frontend"});
  CHECK_FALSE(shell.finished(3));
  shell.ended("backend");
  CHECK(shell.outcome(3).ok);
  CHECK(shell.state("backend") == State::ready);
}

TEST_CASE("a running service keeps its settings until it is restarted") {
  auto shell = running_shop();
  shell.configuration[2].config.command = std::string("new");
  shell.start(2);
  CHECK(std::get<std::string>(shell.engine.config_of("worker")->command).empty());
  shell.restart(3, {"worker"});
  CHECK(std::get<std::string>(shell.engine.config_of("worker")->command) == "new");
}

TEST_CASE("a removed service runs on until it is stopped, and is forgotten then") {
  auto shell = running_shop();
  shell.configuration.pop_back();
  shell.start(2);
  CHECK(shell.state("worker") == State::ready);
  shell.stop(3, {"worker"});
  CHECK(shell.outcome(3).ok);
  CHECK(shell.engine.config_of("worker") == nullptr);
  CHECK(shell.engine.snapshots().size() == 2);
}

// ---- up ----

TEST_CASE("up holds what it started, and its end stops it") {
  auto shell = shop();
  shell.up(1);
  CHECK(shell.log.back() == "holding 1 ok");
  CHECK_FALSE(shell.finished(1));
  SECTION("by Ctrl-C") {
    shell.cancel(1);
    CHECK(shell.finished(1));
  }
  SECTION("by a closed terminal") { shell.leave(1); }
  CHECK(shell.engine.idle());
  CHECK(shell.held.empty());
}

TEST_CASE("up stops only what it started") {
  auto shell = shop();
  shell.start(1, {"backend"});
  shell.up(2);
  shell.leave(2);
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.state("frontend") == State::stopped);
  CHECK(shell.state("worker") == State::stopped);
}

TEST_CASE("an up that started nothing detaches and says so") {
  auto shell = running_shop();
  shell.up(2);
  shell.cancel(2);
  CHECK(shell.finished(2));
  CHECK(shell.has_notice("detached: this `up` started nothing, the services go on"));
  CHECK(shell.state("backend") == State::ready);
}

TEST_CASE("start takes over the hold of an up") {
  auto shell = shop();
  shell.up(1);
  shell.start(2, {"backend"});
  CHECK(shell.outcome(2).ok);
  shell.leave(1);
  CHECK(shell.state("backend") == State::ready);
  CHECK(shell.state("frontend") == State::stopped);
}

TEST_CASE("restart leaves the hold with the up") {
  auto shell = shop();
  shell.up(1);
  shell.restart(2, {"backend"});
  CHECK(shell.outcome(2).ok);
  shell.leave(1);
  CHECK(shell.engine.idle());
}

TEST_CASE("an up whose service fails tells the failure and ends its hold") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.up(1);
  shell.tell("backend", Kind::spawn_failed, "no such program");
  CHECK(shell.finished(1));
  CHECK_FALSE(shell.outcome(1).ok);
  CHECK(failed_names(shell.outcome(1)) == Lines{"backend", "frontend"});
  CHECK(shell.state("backend") == State::failed);
  CHECK(shell.state("frontend") == State::failed);
  CHECK(shell.state("worker") == State::stopped);
  CHECK(shell.engine.idle());
}

TEST_CASE("a holding up ends when everything has been stopped by another command") {
  auto shell = shop();
  shell.up(1);
  shell.stop(2, {"worker"});
  CHECK_FALSE(shell.finished(1));
  shell.stop(3);
  CHECK(shell.finished(1));
  CHECK(shell.engine.idle());
}

TEST_CASE("a start that is interrupted before it spawned leaves nothing half claimed, whoever holds the service") {
  auto shell = shop();
  shell.up(1, {"backend", "worker"});
  shell.lost("backend", Kind::survivors, "1 process could not be ended");
  REQUIRE(shell.state("backend") == State::failed);
  shell.strangers = {8000};
  SECTION("start") { shell.start(2, {"backend"}); }
  SECTION("restart") { shell.restart(2, {"backend"}); }
  REQUIRE(shell.questions.size() == 1);
  shell.cancel(2);
  CHECK(shell.finished(2));
  CHECK(shell.state("backend") == State::stopped);
  shell.leave(1);
  CHECK(shell.engine.idle());
}

TEST_CASE("an up goes on when another command restarts what it waits for") {
  auto shell = shop();
  shell.slow_ready = {"backend"};
  shell.up(1, {"frontend"});
  shell.ended("backend");
  REQUIRE(shell.state("backend") == State::backing_off);
  shell.restart(2);
  CHECK_FALSE(shell.finished(1));
  shell.ready("backend");
  CHECK(shell.outcome(1).ok);
  CHECK(shell.outcome(2).ok);
  CHECK(shell.held_ports() == std::vector<Port>{8000, 3000});
  shell.leave(1);
  CHECK(shell.held_ports().empty());
}

TEST_CASE("a command whose target another one took down for a restart that is given up fails, and does not wait for ever") {
  auto shell = shop();
  shell.configuration.push_back(service("docs", 4000));
  shell.slow_ready = {"backend"};
  shell.slow_end = {"docs"};
  shell.start(1);
  shell.restart(2, {"worker", "docs"});
  REQUIRE(shell.state("worker") == State::stopped);
  CHECK_FALSE(shell.finished(1));
  shell.cancel(2);
  shell.ready("backend");
  CHECK_FALSE(shell.finished(1));
  shell.ended("docs");
  CHECK_FALSE(shell.outcome(1).ok);
  CHECK(failed_names(shell.outcome(1)) == Lines{"worker", "docs"});
}

TEST_CASE("the end of an up beside a restart of one of its services ends, whatever the order") {
  FakeShell shell;
  shell.configuration = {service("a", 8000), service("b", 8001)};
  shell.up(1);
  shell.slow_end = {"a", "b"};
  shell.restart(2, {"a"});
  shell.leave(1);
  shell.ended("a");
  CHECK(shell.state("a") == State::ready);
  shell.ended("b");
  CHECK(shell.finished(1));
  CHECK(shell.outcome(2).ok);
}

}  // namespace
}  // namespace devinit::engine
