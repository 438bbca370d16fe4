#include "config/service_host.hpp"

#include <catch2/catch.hpp>

namespace devinit::config {
namespace {

ServiceConfig service(const std::string& name) {
  ServiceConfig service;
  service.name = name;
  service.port = PortSpec{};
  return service;
}

std::string host_after(ServiceConfig one, const Variables& environment, const Variables& in_file = {}) {
  ProjectConfig config;
  config.services.push_back(std::move(one));
  static_cast<void>(apply_host_variable(config, environment, [&](const ServiceConfig&) { return in_file; }));
  return config.services.front().port ? config.services.front().port->host : "no port";
}

TEST_CASE("HOST is for services whose configuration names no host") {
  CHECK(host_after(service("web"), {{"HOST", "0.0.0.0"}}) == "0.0.0.0");
  CHECK(host_after(service("web"), {}).empty());
  CHECK(host_after(service("web"), {{"HOST", ""}}).empty());
  auto named = service("web");
  named.port->host = "127.0.0.1";
  CHECK(host_after(named, {{"HOST", "0.0.0.0"}}) == "127.0.0.1");
}

TEST_CASE("the service's own env comes before the caller's, and that before its env files") {
  auto own = service("web");
  own.env = {{"HOST", "::1"}};
  own.env_files = {".env"};
  CHECK(host_after(own, {{"HOST", "0.0.0.0"}}) == "::1");
  own.env.clear();
  CHECK(host_after(own, {{"HOST", "0.0.0.0"}}, {{"HOST", "::"}}) == "0.0.0.0");
  CHECK(host_after(own, {}, {{"HOST", "::"}}) == "::");
  own.env_files.clear();
  CHECK(host_after(own, {}, {{"HOST", "::"}}).empty());
}

TEST_CASE("a worker and a service of others have no host") {
  auto worker = service("worker");
  worker.port.reset();
  CHECK(host_after(worker, {{"HOST", "0.0.0.0"}}) == "no port");
  auto external = service("database");
  external.kind = ServiceKind::external;
  CHECK(host_after(external, {{"HOST", "0.0.0.0"}}).empty());
}

TEST_CASE("the name of a machine is ignored, and that is said once") {
  ProjectConfig config;
  config.services = {service("a"), service("b")};
  const auto notices = apply_host_variable(config, {{"HOST", "build-7"}}, [](const ServiceConfig&) { return Variables(); });
  CHECK(notices == std::vector<std::string>{"HOST is `build-7`, neither an address nor localhost: ignored"});
  CHECK(config.services.front().port->host.empty());
}

}  // namespace
}  // namespace devinit::config
