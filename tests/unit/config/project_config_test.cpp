#include "config/project_config.hpp"

#include <catch2/catch.hpp>

using namespace devinit::config;

TEST_CASE("a service's name becomes the prefix of its variables") {
  const auto [name, prefix] = GENERATE(table<std::string, std::string>(
      {{"backend", "BACKEND"}, {"my-api.v2", "MY_API_V2"}, {"Web_1", "WEB_1"}, {"", ""}, {"é", "__"}}));
  CHECK(variable_prefix(name) == prefix);
}

TEST_CASE("every source of a port has words for the user") {
  CHECK(std::string(describe(PortSource::hand_set)) == "hand-set in .ports.json");
  CHECK(std::string(describe(PortSource::config)) == "devinit.json");
  CHECK(std::string(describe(PortSource::remembered)) == "remembered");
  CHECK(std::string(describe(PortSource::preset)) == "default");
  CHECK(std::string(describe(PortSource::automatic)) == "automatic");
}

TEST_CASE("a service is found by its exact name") {
  ProjectConfig config;
  config.services.resize(2);
  config.services[0].name = "backend";
  config.services[1].name = "frontend";
  CHECK(config.find("frontend") == &config.services[1]);
  CHECK(config.find("front") == nullptr);
  CHECK(config.find("") == nullptr);
}
