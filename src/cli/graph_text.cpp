#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/graph.hpp"
#include "cli/text_table.hpp"

namespace devinit::cli {
namespace {

/// "0.41 s"
std::string seconds(Millis time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", static_cast<double>(time.count()) / 1000);
  return text.data();
}

std::string waits_text(const GraphNode& node) {
  std::string text;
  for (const auto& dependency : node.waits_for) {
    text += (text.empty() ? "" : ", ") + dependency.service + ": " + config::to_string(dependency.condition);
  }
  return text;
}

std::string path_text(const CriticalPath& path) {
  std::string text;
  for (const auto& step : path.steps) text += (text.empty() ? "" : " -> ") + step.service + " " + seconds(step.took);
  return "critical path: " + text + " = " + seconds(path.total);
}

bool is_on(const std::optional<CriticalPath>& path, const std::string& service) {
  return path && std::ranges::count(path->steps, service, &CriticalPath::Step::service) > 0;
}

/// A string of the DOT language: only the quote and the backslash mean something in it.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

const char* shape_of(config::ServiceKind kind) {
  switch (kind) {
    case config::ServiceKind::service:
      return "box";
    case config::ServiceKind::task:
      return "ellipse";
    case config::ServiceKind::scheduled:
      return "octagon";
    case config::ServiceKind::external:
      return "cylinder";
  }
  return "box";
}

}  // namespace

std::string graph_text(const std::vector<GraphNode>& graph, const std::optional<CriticalPath>& path) {
  using enum TextTable::Align;
  TextTable table({right, left, left, left});
  table.set_heading({"LEVEL", "SERVICE", "KIND", "WAITS FOR"});
  for (const auto& node : graph) {
    table.add_row({std::to_string(node.level), node.name, config::to_string(node.kind), waits_text(node)});
  }
  return table.text() + (path ? "\n" + one_line(path_text(*path)) : std::string());
}

std::string graph_json(const std::string& project, const std::vector<GraphNode>& graph, const std::optional<CriticalPath>& path) {
  nlohmann::ordered_json document{{"project", project}, {"services", nlohmann::json::array()}, {"critical_path", nullptr}};
  for (const auto& node : graph) {
    nlohmann::ordered_json waits = nlohmann::json::array();
    for (const auto& dependency : node.waits_for) {
      waits.push_back({{"service", dependency.service}, {"condition", config::to_string(dependency.condition)}});
    }
    document["services"].push_back(
        {{"name", node.name}, {"kind", config::to_string(node.kind)}, {"level", node.level}, {"waits_for", std::move(waits)}});
  }
  if (path) {
    nlohmann::ordered_json steps = nlohmann::json::array();
    for (const auto& step : path->steps) steps.push_back({{"service", step.service}, {"ms", step.took.count()}});
    document["critical_path"] = {{"steps", std::move(steps)}, {"total_ms", path->total.count()}};
  }
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string graph_dot(const std::string& project, const std::vector<GraphNode>& graph, const std::optional<CriticalPath>& path) {
  std::string text = "digraph " + quoted(project) + " {\n  rankdir=LR;\n";
  for (const auto& node : graph) {
    text += "  " + quoted(node.name) + " [shape=" + shape_of(node.kind) + (is_on(path, node.name) ? ", style=bold" : "") + "];\n";
  }
  for (const auto& node : graph) {
    for (const auto& dependency : node.waits_for) {
      text += "  " + quoted(dependency.service) + " -> " + quoted(node.name) + " [label=" + quoted(config::to_string(dependency.condition)) + "];\n";
    }
  }
  return text + "}";
}

}  // namespace devinit::cli
