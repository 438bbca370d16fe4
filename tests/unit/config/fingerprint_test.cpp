#include "config/fingerprint.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

using namespace devinit::config;
using devinit::Millis;
using devinit::PortRange;

TEST_CASE("a fingerprint is the same for the same, in 16 digits, whatever has to be prepared") {
  ServiceConfig service;
  service.name = "api";
  const std::string print = fingerprint(service);
  CHECK(print.size() == 16);
  CHECK(print.find_first_not_of("0123456789abcdef") == std::string::npos);
  ServiceConfig other = service;
  other.prepare = {true, ".venv", "uv sync"};
  other.input_of = 5;
  CHECK(fingerprint(other) == print);
}

TEST_CASE("whatever the configuration says of a service changes its fingerprint") {
  using Change = std::function<void(ServiceConfig&)>;
  const std::vector<Change> changes{
      [](auto& s) { s.name = "b"; },
      [](auto& s) { s.kind = ServiceKind::task; },
      [](auto& s) { s.command = "x"; },
      [](auto& s) { s.command = std::vector<std::string>{"x"}; },
      [](auto& s) {
        s.command = std::vector<std::string>{"x", ""};
      },
      [](auto& s) { s.cwd = "x"; },
      [](auto& s) { s.port = PortSpec{}; },
      [](auto& s) { s.port.emplace().prefer = 80; },
      [](auto& s) {
        s.port.emplace().range = PortRange{80, 81};
      },
      [](auto& s) { s.port.emplace().strict = true; },
      [](auto& s) { s.port.emplace().host = "::1"; },
      [](auto& s) {
        s.ports = {{"m", PortSpec{}}};
      },
      [](auto& s) {
        s.env = {{"A", "b"}};
      },
      [](auto& s) {
        s.env = {{"Ab", ""}};
      },
      [](auto& s) { s.env_files = {".env"}; },
      [](auto& s) { s.ready.kind = ProbeKind::log; },
      [](auto& s) { s.ready.log = "x"; },
      [](auto& s) {
        s.ready.http_headers = {{"A", "b"}};
      },
      [](auto& s) { s.ready.deadline = Millis(1); },
      [](auto& s) { s.ready.success_threshold = 2; },
      [](auto& s) { s.live.emplace(); },
      [](auto& s) { s.live.emplace().action = LiveAction::mark; },
      [](auto& s) { s.stop.signal = 2; },
      [](auto& s) { s.stop.command = "x"; },
      [](auto& s) { s.restart.max = 6; },
      [](auto& s) { s.restart.never_on = {1}; },
      [](auto& s) { s.log.keep = 1; },
      [](auto& s) {
        s.depends_on = {{"b", DependencyCondition::ready}};
      },
      [](auto& s) {
        s.depends_on = {{"b", DependencyCondition::started}};
      },
      [](auto& s) { s.on_dependency_loss = DependencyLoss::stop; },
      [](auto& s) { s.run = TaskRun::once; },
      [](auto& s) { s.inputs = {"x"}; },
      [](auto& s) {
        s.schedule = ScheduleSpec{Millis(5000), ""};
      },
      [](auto& s) {
        s.schedule = ScheduleSpec{std::nullopt, "@daily"};
      },
      [](auto& s) { s.watch.emplace(); },
      [](auto& s) { s.watch.emplace().paths = {"x"}; },
      [](auto& s) { s.watch.emplace().ignore = {"x"}; },
      [](auto& s) { s.watch.emplace().cascade = true; },
      [](auto& s) { s.hooks.before_start = "x"; },
      [](auto& s) { s.hooks.after_exit = "x"; },
      [](auto& s) { s.limits.memory = 1; },
      [](auto& s) { s.limits.cpu = 0.5; },
      [](auto& s) { s.limits.nofile = 1; },
      [](auto& s) { s.limits.nproc = 1; },
      [](auto& s) { s.limits.umask = 0; },
      [](auto& s) { s.socket = SocketPassing::inherit; },
      [](auto& s) { s.replica_of = "x"; },
      [](auto& s) { s.index = 1; },
      [](auto& s) { s.preset = "next"; },
      [](auto& s) { s.disabled = true; },
  };
  std::set<std::string> prints{fingerprint(ServiceConfig{})};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    ServiceConfig service;
    changes[i](service);
    CHECK(prints.insert(fingerprint(service)).second);
  }
}
