#include "cli/graph.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/assert.hpp"

namespace devinit::cli {
namespace {

using config::DependencyCondition;
using engine::Timeline;

/// The configuration has no cycle: it was checked when it was read.
std::size_t level_of(const std::string& name, const std::map<std::string, const config::ServiceConfig*>& services,
                     std::map<std::string, std::size_t>& levels) {
  if (const auto known = levels.find(name); known != levels.end()) return known->second;
  std::size_t level = 1;
  const auto service = services.find(name);
  ASSERT(service != services.end());
  for (const auto& dependency : service->second->depends_on) level = std::max(level, level_of(dependency.service, services, levels) + 1);
  return levels[name] = level;
}

/// When a dependency had come as far as its dependent asks; 0: not in its last start.
std::int64_t satisfied_at(const Timeline& dependency, DependencyCondition condition) {
  return condition == DependencyCondition::started ? dependency.spawned : dependency.ready;
}

const Timeline* timeline_of(const engine::ProjectSnapshot& project, const std::string& name) {
  const auto found = std::ranges::find(project.services, name, &engine::ServiceSnapshot::name);
  return found == project.services.end() ? nullptr : &found->timeline;
}

/// What is scheduled comes when its time has come: the times of its last run say nothing about a start.
bool takes_part(const GraphNode& node) { return node.kind != config::ServiceKind::scheduled; }

/// The dependency that `node` waited for longest in its last start, and until when. What was there already is not waited for.
struct Waited {
  const GraphNode* node = nullptr;
  std::int64_t until = 0;
};
Waited longest_wait(const std::vector<GraphNode>& graph, const GraphNode& node, const engine::ProjectSnapshot& project) {
  const auto* own = timeline_of(project, node.name);
  Waited waited{nullptr, own == nullptr ? 0 : own->wanted};
  for (const auto& dependency : node.waits_for) {
    const auto* timeline = timeline_of(project, dependency.service);
    const auto found = std::ranges::find(graph, dependency.service, &GraphNode::name);
    if (own == nullptr || timeline == nullptr || found == graph.end() || !takes_part(*found)) continue;
    const auto until = satisfied_at(*timeline, dependency.condition);
    if (until > waited.until && until <= own->ready) waited = {&*found, until};
  }
  return waited;
}

const GraphNode* last_ready(const std::vector<GraphNode>& graph, const engine::ProjectSnapshot& project) {
  const GraphNode* last = nullptr;
  std::int64_t when = 0;
  for (const auto& node : graph) {
    const auto* timeline = timeline_of(project, node.name);
    if (!takes_part(node) || timeline == nullptr || timeline->wanted <= 0 || timeline->ready <= when) continue;
    when = timeline->ready;
    last = &node;
  }
  return last;
}

}  // namespace

std::vector<GraphNode> start_graph(const std::vector<const config::ServiceConfig*>& services) {
  std::map<std::string, const config::ServiceConfig*> by_name;
  for (const auto* service : services) by_name[service->name] = service;
  std::map<std::string, std::size_t> levels;
  std::vector<GraphNode> graph;
  for (const auto* service : services) {
    graph.push_back({service->name, service->kind, level_of(service->name, by_name, levels), service->depends_on});
  }
  std::ranges::stable_sort(graph, {}, &GraphNode::level);
  return graph;
}

std::optional<CriticalPath> critical_path(const std::vector<GraphNode>& graph, const engine::ProjectSnapshot& last_start) {
  const auto* node = last_ready(graph, last_start);
  if (node == nullptr) return std::nullopt;
  CriticalPath path;
  auto end = timeline_of(last_start, node->name)->ready;
  while (node != nullptr) {
    const auto waited = longest_wait(graph, *node, last_start);
    path.steps.insert(path.steps.begin(), {node->name, Millis(end - waited.until)});
    path.total += path.steps.front().took;
    end = waited.until;
    node = waited.node;
  }
  return path;
}

}  // namespace devinit::cli
