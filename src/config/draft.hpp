#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config_file.hpp"
#include "config/field_reader.hpp"
#include "config/project_config.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// A configuration as it is read: what can only be judged once everything is known waits here with its place in the file.
struct Draft {
  struct Template {
    Position at;
    std::string service;  ///< empty: `runtime_env`
    std::string text;
  };
  struct Dependency {
    Position at;
    std::string service;
    std::string on;
  };
  /// A port number that the user named.
  struct NamedPort {
    Position at;
    std::string service;
    std::string port_name;
    Port port;
  };

  const Variables& variables;
  const ProjectFiles& files;
  ProjectConfig config;
  std::map<std::string, Position> service_positions;
  std::vector<Template> templates;
  std::vector<Dependency> dependencies;
  std::vector<NamedPort> named_ports;
};

}  // namespace devinit::config
