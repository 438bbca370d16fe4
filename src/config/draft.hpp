#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config_file.hpp"
#include "config/field_reader.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

struct Preset;

/// A configuration as it is read: what can only be judged once everything is known waits here with its place in the file. Services have
/// the names of the file; what has replicas becomes several services at the very end (config/replicas.hpp).
struct Draft {
  struct Template {
    Position at;
    std::string service;  ///< empty: `runtime_env`
    std::string text;
  };
  struct DependencyUse {
    Position at;
    std::string service;
    std::string on;
    DependencyCondition condition = DependencyCondition::ready;
  };
  /// A port number that the user named.
  struct NamedPort {
    Position at;
    std::string service;
    std::string port_name;
    Port port;
    std::optional<PortRange> range;  ///< that it must lie in
  };
  /// A service named by a profile, or a task by a watch.
  struct NamedService {
    Position at;
    std::string by;
    std::string service;
  };

  const Variables& variables;
  const ProjectFiles& files;
  ProjectConfig config = {};
  std::map<std::string, Position> service_positions = {};
  std::map<std::string, int> replicas = {};  ///< of the services that have several; also of one, when the file says so
  std::vector<Template> templates = {};
  std::vector<DependencyUse> dependencies = {};
  std::vector<NamedPort> named_ports = {};
  std::vector<NamedService> profile_members = {};
  std::vector<NamedService> watch_tasks = {};
};

/// A service as it is read, for the readers of its parts.
struct ServiceDraft {
  ServiceConfig& service;
  Draft& draft;
  const Preset* preset = nullptr;
  bool kind_unclear = false;    ///< a mistake by itself: what fits to it cannot be judged
  bool ready_is_named = false;  ///< the file says by which probe it is ready

  /// A text with templates in it, to be judged later.
  void note(std::string text, Position at) { draft.templates.push_back({at, service.name, std::move(text)}); }
};

}  // namespace devinit::config
