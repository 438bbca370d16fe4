#include "config/service_config.hpp"

namespace devinit::config {

const char* to_string(ServiceKind kind) noexcept {
  switch (kind) {
    case ServiceKind::service: return "service";
    case ServiceKind::task: return "task";
    case ServiceKind::scheduled: return "scheduled";
    case ServiceKind::external: return "external";
  }
  return "service";
}

std::optional<ServiceKind> service_kind_from_string(std::string_view text) noexcept {
  for (const auto kind : {ServiceKind::service, ServiceKind::task, ServiceKind::scheduled, ServiceKind::external}) {
    if (text == to_string(kind)) return kind;
  }
  return std::nullopt;
}

const char* to_string(DependencyCondition condition) noexcept {
  switch (condition) {
    case DependencyCondition::started: return "started";
    case DependencyCondition::ready: return "ready";
    case DependencyCondition::completed: return "completed";
    case DependencyCondition::completed_successfully: return "completed_successfully";
  }
  return "ready";
}

}  // namespace devinit::config
