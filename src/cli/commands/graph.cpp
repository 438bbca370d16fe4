#include "cli/graph.hpp"

#include "cli/commands/commands.hpp"
#include "cli/status_source.hpp"
#include "cli/targets.hpp"

namespace devinit::cli {

Result<int> run_graph(const Context& context) {
  const auto& arguments = context.arguments;
  TRY_ASSIGN(const auto project, context.project());
  TRY_ASSIGN(const auto config, load_config(project));
  TRY_ASSIGN(const auto targets, resolve_targets(config, arguments.targets, arguments.supervision.profiles));
  const auto graph = start_graph(with_dependencies(config, targets));
  const auto path = critical_path(graph, derive_snapshot(project, read_last_run(project)));
  if (arguments.json) {
    context.output.data(graph_json(config.name, graph, path));
  } else if (arguments.supervision.dot) {
    context.output.data(graph_dot(config.name, graph, path));
  } else if (graph.empty()) {
    context.output.say("no services here");
  } else {
    context.output.data(graph_text(graph, path));
  }
  return 0;
}

}  // namespace devinit::cli
