#include "config/service_host.hpp"

#include <algorithm>
#include <optional>

#include "config/ip_address.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

std::optional<std::string> host_variable(const ServiceConfig& service, const Variables& environment,
                                         const std::function<Variables(const ServiceConfig&)>& env_file_variables) {
  const auto own = std::ranges::find(service.env, "HOST", [](const auto& entry) { return entry.first; });
  if (own != service.env.end()) return own->second;
  if (const auto at = environment.find("HOST"); at != environment.end()) return at->second;
  if (service.env_files.empty()) return std::nullopt;
  const auto variables = env_file_variables(service);
  const auto at = variables.find("HOST");
  return at == variables.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

std::vector<std::string> apply_host_variable(ProjectConfig& config, const Variables& environment,
                                             const std::function<Variables(const ServiceConfig&)>& env_file_variables) {
  std::vector<std::string> notices;
  for (auto& service : config.services) {
    if (service.kind == ServiceKind::external || service.disabled || !service.port || !service.port->host.empty()) continue;
    const auto host = host_variable(service, environment, env_file_variables);
    if (!host || host->empty() || host->find('{') != std::string::npos) continue;  // a template may stand for the host itself
    if (is_bind_address(*host)) {
      service.port->host = *host;
      continue;
    }
    auto notice = "HOST is " + quoted(*host) + ", neither an address nor localhost: ignored";
    if (std::ranges::find(notices, notice) == notices.end()) notices.push_back(std::move(notice));
  }
  return notices;
}

}  // namespace devinit::config
