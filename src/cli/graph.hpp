#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "config/project_config.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// One service in the order of a start. Level 1 waits for nobody, every other one for something of the level above it.
struct GraphNode {
  std::string name;
  config::ServiceKind kind = config::ServiceKind::service;
  std::size_t level = 1;
  std::vector<config::Dependency> waits_for;
};
/// By level, within one in the order of `services` (which hold whatever they depend on). Pure.
[[nodiscard]] std::vector<GraphNode> start_graph(const std::vector<const config::ServiceConfig*>& services);

/// What the last start waited for: each step began when the one before had come as far as its condition asks.
struct CriticalPath {
  struct Step {
    std::string service;
    Millis took{0};
  };
  std::vector<Step> steps;
  Millis total{0};  ///< from the command to the last one that became ready; the sum of the steps
};
/// From the service that was ready last, back over the dependencies that each one waited for. Scheduled ones are left out.
/// Nothing when no service of the graph has become ready in its last start.
[[nodiscard]] std::optional<CriticalPath> critical_path(const std::vector<GraphNode>& graph, const engine::ProjectSnapshot& last_start);

/// A table, and "critical path: postgres 0.41 s -> backend 0.83 s = 1.24 s". Without newline at the end; foreign text is made safe.
[[nodiscard]] std::string graph_text(const std::vector<GraphNode>& graph, const std::optional<CriticalPath>& path);
/// {"project","services":[{"name","kind","level","waits_for":[{"service","condition"}]}],"critical_path":{"steps":[{"service","ms"}],"total_ms"}}
/// in one line; `critical_path` is null when nothing is known.
[[nodiscard]] std::string graph_json(const std::string& project, const std::vector<GraphNode>& graph, const std::optional<CriticalPath>& path);
/// For Graphviz, arrows in the order of the start; what is on the critical path is bold.
[[nodiscard]] std::string graph_dot(const std::string& project, const std::vector<GraphNode>& graph, const std::optional<CriticalPath>& path);

}  // namespace devinit::cli
