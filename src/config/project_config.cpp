#include "config/project_config.hpp"

#include <algorithm>

namespace devinit::config {

const char* describe(PortSource source) noexcept {
  switch (source) {
    case PortSource::hand_set:
      return "hand-set in .ports.json";
    case PortSource::config:
      return "devinit.json";
    case PortSource::remembered:
      return "remembered";
    case PortSource::preset:
      return "default";
    case PortSource::automatic:
      return "automatic";
  }
  return "automatic";
}

const ServiceConfig* ProjectConfig::find(const std::string& name_in) const noexcept {
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const auto& service) { return service.name == name_in; });
  return found == services.end() ? nullptr : &*found;
}

std::vector<std::string> ProjectConfig::services_called(const std::string& wanted) const {
  std::vector<std::string> found;
  for (const auto& service : services) {
    if (service.name == wanted || (!service.replica_of.empty() && service.replica_of == wanted)) found.push_back(service.name);
  }
  return found;
}

std::string variable_prefix(const std::string& service) {
  // Not std::toupper: the result must not depend on the locale.
  std::string prefix = service;
  for (char& c : prefix) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    } else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
      c = '_';
    }
  }
  return prefix;
}

}  // namespace devinit::config
