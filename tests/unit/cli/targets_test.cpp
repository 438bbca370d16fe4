#include "cli/targets.hpp"

#include <catch2/catch.hpp>

#include "supervision_configuration.hpp"

namespace devinit::cli {
namespace {

using Names = std::vector<std::string>;

config::ProjectConfig shop() {
  config::ProjectConfig config;
  config.services = {service_called("postgres"), service_called("web-0", {{"postgres"}}), service_called("web-1", {{"postgres"}}),
                     service_called("search", {}, config::ServiceKind::external), service_called("docs")};
  config.services[1].replica_of = "web";
  config.services[2].replica_of = "web";
  config.services[4].disabled = true;
  config.profiles = {{"api", {"postgres", "search"}}, {"empty", {}}};
  return config;
}

Names names_of(const std::vector<const config::ServiceConfig*>& services) {
  Names names;
  for (const auto* service : services) names.push_back(service->name);
  return names;
}

TEST_CASE("the name of replicas means all of them") {
  CHECK(resolve_targets(shop(), {"web"}, {}).value() == Names{"web-0", "web-1"});
  CHECK(resolve_targets(shop(), {"web-1"}, {}).value() == Names{"web-1"});
}

TEST_CASE("services and profiles add up, each once, in the order of the configuration") {
  CHECK(resolve_targets(shop(), {"web-0", "postgres"}, {"api"}).value() == Names{"postgres", "web-0", "search"});
}

TEST_CASE("nothing named means all") { CHECK(resolve_targets(shop(), {}, {}).value().empty()); }

TEST_CASE("unknown names get a suggestion") {
  const auto service = resolve_targets(shop(), {"wep"}, {});
  REQUIRE_FALSE(service.has_value());
  CHECK(service.error().code == Errc::usage);
  CHECK(service.error().hint.find("`web`") != std::string::npos);
  const auto profile = resolve_targets(shop(), {}, {"apy"});
  REQUIRE_FALSE(profile.has_value());
  CHECK(profile.error().hint.find("`api`") != std::string::npos);
}

TEST_CASE("a profile without services does not mean everything") { CHECK_FALSE(resolve_targets(shop(), {}, {"empty"}).has_value()); }

TEST_CASE("what is disabled stays out of profiles, and one of such services only is a mistake") {
  auto config = shop();
  config.profiles = {{"site", {"postgres", "docs"}}, {"paper", {"docs"}}};
  CHECK(resolve_targets(config, {}, {"site"}).value() == Names{"postgres"});
  const auto paper = resolve_targets(config, {}, {"paper"});
  REQUIRE_FALSE(paper.has_value());
  CHECK(paper.error().message.find("disabled") != std::string::npos);
}

TEST_CASE("all unknown profiles are told at once") {
  const auto unknown = resolve_targets(shop(), {}, {"one", "api", "two"});
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message.find("`one`") != std::string::npos);
  CHECK(unknown.error().message.find("`two`") != std::string::npos);
}

TEST_CASE("an exit code comes from one service that has an end") {
  auto config = shop();
  config.services.push_back(service_called("nightly", {}, config::ServiceKind::scheduled));
  CHECK(exit_code_source(config, "postgres").value() == "postgres");
  for (const auto* name : {"web", "search", "nightly", "nobody"}) CHECK(exit_code_source(config, name).error().code == Errc::usage);
}

TEST_CASE("a target is added where all does not mean it already") {
  CHECK(with_target(shop(), {}, "web-0").empty());
  CHECK(with_target(shop(), {}, "docs") == Names{"postgres", "web-0", "web-1", "docs"});
  CHECK(with_target(shop(), {"web-1"}, "postgres") == Names{"postgres", "web-1"});
}

TEST_CASE("dependencies come along, whatever is disabled or external stays out") {
  CHECK(names_of(with_dependencies(shop(), {"web-1"})) == Names{"postgres", "web-1"});
  CHECK(names_of(with_dependencies(shop(), {})) == Names{"postgres", "web-0", "web-1"});
  auto config = shop();
  config.services[1].depends_on.push_back({"search"});
  CHECK(names_of(with_dependencies(config, {})) == Names{"postgres", "web-0", "web-1", "search"});
}

}  // namespace
}  // namespace devinit::cli
