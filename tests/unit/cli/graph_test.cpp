#include "cli/graph.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "supervision_configuration.hpp"

namespace devinit::cli {
namespace {

using config::DependencyCondition;
using config::ServiceKind;

/// postgres ← migrate ← backend, which needs postgres itself, too; cache is on its own.
const config::ProjectConfig& shop() {
  static const config::ProjectConfig config = [] {
    config::ProjectConfig made;
    made.services = {service_called("backend", {{"postgres"}, {"migrate", DependencyCondition::completed_successfully}}),
                     service_called("migrate", {{"postgres"}}, ServiceKind::task), service_called("postgres"), service_called("cache")};
    return made;
  }();
  return config;
}

std::vector<GraphNode> graph() {
  std::vector<const config::ServiceConfig*> services;
  for (const auto& service : shop().services) services.push_back(&service);
  return start_graph(services);
}

engine::ServiceSnapshot started(const std::string& name, std::int64_t spawned, std::int64_t ready, std::int64_t wanted = 1000) {
  auto snapshot = snapshot_of(name, engine::State::ready);
  snapshot.timeline = {wanted, wanted, spawned, ready};
  return snapshot;
}

engine::ProjectSnapshot first_start() {
  engine::ProjectSnapshot project;
  project.services = {started("backend", 2610, 3440), started("migrate", 1410, 2610), started("postgres", 1000, 1410),
                      started("cache", 1000, 1100)};
  return project;
}

std::vector<std::pair<std::string, std::int64_t>> steps_of(const CriticalPath& path) {
  std::vector<std::pair<std::string, std::int64_t>> steps;
  for (const auto& step : path.steps) steps.emplace_back(step.service, step.took.count());
  return steps;
}

TEST_CASE("what waits for others comes a level later") {
  const auto nodes = graph();
  REQUIRE(nodes.size() == 4);
  CHECK(nodes[0].name == "postgres");
  CHECK(nodes[1].name == "cache");
  CHECK(nodes[1].level == 1);
  CHECK(nodes[2].name == "migrate");
  CHECK(nodes[2].level == 2);
  CHECK(nodes[3].name == "backend");
  CHECK(nodes[3].level == 3);
}

TEST_CASE("the critical path leads over what was waited for longest, and its steps add up") {
  const auto path = critical_path(graph(), first_start());
  REQUIRE(path);
  CHECK(steps_of(*path) == std::vector<std::pair<std::string, std::int64_t>>{{"postgres", 410}, {"migrate", 1200}, {"backend", 830}});
  CHECK(path->total == Millis(2440));
}

TEST_CASE("what is scheduled is not on the critical path") {
  auto nodes = graph();
  for (auto& node : nodes) {
    if (node.name == "migrate") node.kind = ServiceKind::scheduled;
  }
  auto project = first_start();
  project.services.push_back(started("nightly", 90000, 99000));
  nodes.push_back({"nightly", ServiceKind::scheduled, 1, {}});
  const auto path = critical_path(nodes, project);
  REQUIRE(path);
  CHECK(path->steps.front().service == "postgres");
  CHECK(path->steps.back().service == "backend");
  CHECK(path->steps.size() == 2);
}

TEST_CASE("what ran already was not waited for") {
  auto project = first_start();
  project.services[0] = started("backend", 9010, 9500, 9000);
  const auto path = critical_path(graph(), project);
  REQUIRE(path);
  CHECK(steps_of(*path) == std::vector<std::pair<std::string, std::int64_t>>{{"backend", 500}});
}

TEST_CASE("who needs another one only started does not wait until that is ready") {
  const auto slow = service_called("slow");
  const auto quick = service_called("quick", {{"slow", DependencyCondition::started}});
  engine::ProjectSnapshot project;
  project.services = {started("slow", 1100, 1500), started("quick", 1100, 1600)};
  const auto path = critical_path(start_graph({&slow, &quick}), project);
  REQUIRE(path);
  CHECK(steps_of(*path) == std::vector<std::pair<std::string, std::int64_t>>{{"slow", 100}, {"quick", 500}});
}

TEST_CASE("nothing was ready, no path") {
  CHECK_FALSE(critical_path(graph(), {}));
  engine::ProjectSnapshot project;
  project.services = {snapshot_of("backend", engine::State::failed)};
  CHECK_FALSE(critical_path(graph(), project));
}

TEST_CASE("the text is a table with the path below") {
  const auto text = graph_text(graph(), critical_path(graph(), first_start()));
  CHECK(text.find("    3  backend   service  postgres: ready, migrate: completed_successfully") != std::string::npos);
  CHECK(text.ends_with("\ncritical path: postgres 0.41 s -> migrate 1.20 s -> backend 0.83 s = 2.44 s"));
  CHECK(graph_text(graph(), std::nullopt).find("critical") == std::string::npos);
}

TEST_CASE("the JSON tells levels, conditions and times") {
  const auto document = nlohmann::json::parse(graph_json("shop", graph(), critical_path(graph(), first_start())));
  CHECK(document["project"] == "shop");
  CHECK(document["services"][3]["name"] == "backend");
  CHECK(document["services"][3]["level"] == 3);
  CHECK(document["services"][2]["kind"] == "task");
  CHECK(document["services"][3]["waits_for"][1] == nlohmann::json{{"service", "migrate"}, {"condition", "completed_successfully"}});
  CHECK(document["critical_path"]["total_ms"] == 2440);
  CHECK(nlohmann::json::parse(graph_json("shop", graph(), std::nullopt))["critical_path"].is_null());
}

TEST_CASE("the DOT text is quoted, and arrows point in the order of the start") {
  const auto text = graph_dot("a \"b\" \\c", graph(), critical_path(graph(), first_start()));
  CHECK(text.starts_with("digraph \"a \\\"b\\\" \\\\c\" {\n"));
  CHECK(text.find("  \"migrate\" [shape=ellipse, style=bold];\n") != std::string::npos);
  CHECK(text.find("  \"cache\" [shape=box];\n") != std::string::npos);
  CHECK(text.find("  \"migrate\" -> \"backend\" [label=\"completed_successfully\"];\n") != std::string::npos);
  CHECK(text.ends_with("}"));
}

}  // namespace
}  // namespace devinit::cli
