#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/project_config.hpp"
#include "engine/snapshot.hpp"

namespace devinit::cli {

/// A service of a configuration for tests that are about names, kinds and dependencies.
inline config::ServiceConfig service_called(const std::string& name, std::vector<config::Dependency> depends_on = {},
                                            config::ServiceKind kind = config::ServiceKind::service) {
  config::ServiceConfig service;
  service.name = name;
  service.kind = kind;
  service.depends_on = std::move(depends_on);
  return service;
}

inline engine::ServiceSnapshot snapshot_of(const std::string& name, engine::State state) {
  engine::ServiceSnapshot snapshot;
  snapshot.name = name;
  snapshot.state = state;
  snapshot.ready = state == engine::State::ready;
  snapshot.wanted = state != engine::State::stopped;
  return snapshot;
}

}  // namespace devinit::cli
