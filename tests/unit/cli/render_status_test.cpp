#include "cli/render_status.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

using engine::ProjectSnapshot;
using engine::ServiceSnapshot;
using engine::State;

constexpr std::int64_t kNow = 1'000'000;

ServiceSnapshot ready_service(const std::string& name, Port port) {
  ServiceSnapshot service;
  service.name = name;
  service.state = State::ready;
  service.ready = true;
  service.wanted = true;
  service.pid = 1234;
  service.port = port;
  service.url = "http://localhost:" + std::to_string(port);
  service.since = kNow - 184;
  return service;
}

std::vector<std::string> rendered(const std::vector<ServiceSnapshot>& services, bool unicode = true) {
  ProjectSnapshot project;
  project.services = services;
  OutputStyle style;
  style.unicode = unicode;
  return render_status(project, kNow, Output(style));
}

TEST_CASE("a ready service shows everything in one line") {
  const auto lines = rendered({ready_service("backend", 8000)});
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "✓ backend  ready  8000  pid 1234  up 3m 4s  http://localhost:8000");
}

TEST_CASE("columns are aligned and details stand below") {
  auto failed = ready_service("ui", 3000);
  failed.state = State::failed;
  failed.ready = false;
  failed.pid.reset();
  failed.restarts = 4;
  failed.detail = "exited with code 1\nport 3000 is held by 77 (node)";
  const auto lines = rendered({ready_service("backend", 8000), failed});
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "✓ backend  ready   8000  pid 1234  up 3m 4s              http://localhost:8000");
  CHECK(lines[1] == "✗ ui       failed  3000                      4 restarts");
  CHECK(lines[2] == "    exited with code 1");
  CHECK(lines[3] == "    port 3000 is held by 77 (node)");
}

TEST_CASE("marks are plain ASCII where unicode cannot be shown") {
  auto starting = ready_service("a", 1);
  starting.ready = false;
  starting.state = State::starting;
  auto failed = starting;
  failed.state = State::failed;
  auto noted = ready_service("c", 2);
  noted.detail = "unproven";
  for (const auto& [service, mark] : std::vector<std::pair<ServiceSnapshot, std::string>>{
           {ready_service("a", 1), "+"}, {starting, "~"}, {failed, "x"}, {noted, "!"}}) {
    CHECK(mark_of(service, false) == mark);
    const auto line = rendered({service}, false).front();
    CHECK(std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  }
}

TEST_CASE("a passive key is external, listening or not, and has no uptime") {
  ServiceSnapshot redis;
  redis.name = "redis";
  redis.external = true;
  redis.port = 6379;
  CHECK(rendered({redis})[0] == "· redis  external, not listening  6379");
  redis.ready = true;
  redis.state = State::ready;
  redis.since = 1;
  CHECK(rendered({redis})[0] == "✓ redis  external, listening  6379");
}

TEST_CASE("foreign text in a detail cannot drive the terminal") {
  auto service = ready_service("backend", 8000);
  service.detail = "held by \x1b[2Jevil";
  CHECK(rendered({service})[1] == "    held by evil");
}

TEST_CASE("a stale service says how it gets the new port") {
  auto service = ready_service("frontend", 3000);
  service.stale = true;
  const auto lines = rendered({service});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("⚠"));
  CHECK(lines[1].find("devinit restart frontend") != std::string::npos);
}

TEST_CASE("the exit code is 0 only when something is wanted and all of it is ready") {
  ProjectSnapshot project;
  CHECK(status_exit_code(project) == 3);
  project.services = {ready_service("a", 1)};
  CHECK(status_exit_code(project) == 0);
  ServiceSnapshot stopped;
  stopped.name = "b";
  project.services.push_back(stopped);
  CHECK(status_exit_code(project) == 0);
  project.services[1].external = true;
  project.services[1].wanted = true;
  CHECK(status_exit_code(project) == 0);
  project.services[0].ready = false;
  CHECK(status_exit_code(project) == 3);
}

TEST_CASE("tasks and scheduled services have states of their own") {
  auto task = ready_service("migrate", 1);
  task.kind = config::ServiceKind::task;
  task.port.reset();
  task.pid.reset();
  task.ready = false;
  task.state = State::completed;
  CHECK(rendered({task})[0] == "✓ migrate  completed  -");
  task.kind = config::ServiceKind::scheduled;
  task.state = State::scheduled;
  task.next_run = kNow + 3600;
  CHECK(rendered({task})[0].starts_with("✓ migrate  scheduled, next run "));
}

TEST_CASE("an unhealthy service is ready, and counted, and pointed at") {
  auto service = ready_service("backend", 8000);
  service.healthy = false;
  service.flaps = 2;
  service.status = "reconnecting";
  const auto lines = rendered({service});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "⚠ backend  ready, unhealthy  8000  pid 1234  up 3m 4s  2 flaps  http://localhost:8000");
  CHECK(lines[1] == "    it says: reconnecting");
}

TEST_CASE("a service whose configuration was edited says how it gets it") {
  auto service = ready_service("backend", 8000);
  service.changed = true;
  const auto lines = rendered({service});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("⚠"));
  CHECK(lines[1] == "    changed since start: devinit reload applies its new configuration");
}

TEST_CASE("completed tasks and scheduled services are as they should be, unhealthy services are not") {
  ProjectSnapshot project;
  project.services = {ready_service("a", 1)};
  auto& service = project.services[0];
  service.ready = false;
  for (const auto state : {State::completed, State::scheduled}) {
    service.state = state;
    CHECK(status_exit_code(project) == 0);
  }
  service.state = State::running;
  CHECK(status_exit_code(project) == 3);
  service.kind = config::ServiceKind::scheduled;
  CHECK(status_exit_code(project) == 0);
  service = ready_service("a", 1);
  service.healthy = false;
  CHECK(status_exit_code(project) == 3);
}

}  // namespace
}  // namespace devinit::cli
