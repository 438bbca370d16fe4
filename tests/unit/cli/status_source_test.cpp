#include "cli/status_source.hpp"

#include <catch2/catch.hpp>

#include "config/fingerprint.hpp"

namespace devinit::cli {
namespace {

config::ServiceConfig service(const std::string& name, Port port) {
  config::ServiceConfig config;
  config.name = name;
  config.port.emplace();
  config.port->prefer = port;
  return config;
}

engine::ServiceSnapshot ran(const std::string& name) {
  engine::ServiceSnapshot snapshot;
  snapshot.name = name;
  snapshot.state = engine::State::ready;
  return snapshot;
}

TEST_CASE("services that never ran are shown stopped, in the order of the configuration") {
  config::ProjectConfig config;
  config.name = "shop";
  config.services = {service("backend", 8000), service("frontend", 3000)};
  engine::ProjectSnapshot snapshot;
  snapshot.services = {ran("removed"), ran("frontend")};
  add_configured(snapshot, config, nullptr, nullptr);
  CHECK(snapshot.project == "shop");
  REQUIRE(snapshot.services.size() == 3);
  CHECK(snapshot.services[0].name == "backend");
  CHECK(snapshot.services[0].state == engine::State::stopped);
  CHECK(snapshot.services[0].port == Port{8000});
  CHECK(snapshot.services[1].name == "frontend");
  CHECK(snapshot.services[1].state == engine::State::ready);
  CHECK(snapshot.services[2].name == "removed");
}

TEST_CASE("what runs with another configuration than the file's has changed since its start") {
  config::ProjectConfig config;
  config.services = {service("backend", 8000), service("frontend", 3000), service("worker", 4000)};
  engine::ProjectSnapshot snapshot;
  snapshot.services = {ran("backend"), ran("frontend"), ran("worker")};
  snapshot.services[0].fingerprint = config::fingerprint(config.services[0]);
  snapshot.services[1].fingerprint = "another";
  snapshot.services[2].fingerprint = "another";
  snapshot.services[2].state = engine::State::stopped;
  add_configured(snapshot, config, nullptr, nullptr);
  CHECK_FALSE(snapshot.services[0].changed);
  CHECK(snapshot.services[1].changed);
  CHECK_FALSE(snapshot.services[2].changed);
}

TEST_CASE("keys of .ports.json without a service are external") {
  engine::ProjectSnapshot snapshot;
  snapshot.services = {ran("backend")};
  config::PortsFile ports;
  ports.entries = {{"backend", 8001}, {"backend.metrics", 9100}, {"redis", 6379}};
  add_passive(snapshot, nullptr, ports);
  REQUIRE(snapshot.services.size() == 2);
  CHECK(snapshot.services[1].name == "redis");
  CHECK(snapshot.services[1].external);
  CHECK(snapshot.services[1].port == Port{6379});
  CHECK_FALSE(snapshot.services[1].wanted);
}

TEST_CASE("what is disabled is not shown, though .ports.json still has its ports") {
  config::ProjectConfig config;
  config.services = {service("backend", 8000), service("web-0", 3000)};
  config.services[0].disabled = true;
  config.services[1].disabled = true;
  config.services[1].replica_of = "web";
  engine::ProjectSnapshot snapshot;
  add_configured(snapshot, config, nullptr, nullptr);
  config::PortsFile ports;
  ports.entries = {{"backend", 8001}, {"backend.metrics", 9100}, {"web", 3000}, {"web-0", 3000}, {".odd", 1234}};
  add_passive(snapshot, &config, ports);
  REQUIRE(snapshot.services.size() == 1);
  CHECK(snapshot.services[0].name == ".odd");
}

TEST_CASE("only a run that died without its house in order needs a sweep") {
  LastRun run;
  CHECK_FALSE(needs_sweep(run));
  run.trust = LastRun::Trust::clean;
  CHECK_FALSE(needs_sweep(run));
  run.trust = LastRun::Trust::orphaned;
  CHECK(needs_sweep(run));
  run.lock_held = true;
  CHECK_FALSE(needs_sweep(run));
}

}  // namespace
}  // namespace devinit::cli
