#include "cli/app_answer.hpp"

#include "api/json_writer.hpp"

namespace devinit::cli {

std::string app_json(const std::string& model, std::int64_t app, const registry::AppPorts& ports) {
  api::JsonWriter writer;
  writer.begin_object();
  writer.member("model", model);
  writer.member("app", app);
  writer.key("ports");
  writer.begin_object();
  for (const auto& lease : ports.leases) writer.member(lease.owner.role, lease.port);
  writer.end_object();
  writer.member("created", ports.created);
  writer.member("pool", ports.leases.empty() ? std::string() : ports.leases.front().pool);
  writer.end_object();
  return writer.take();
}

std::optional<std::string> ephemeral_host_warning(const registry::Host& host) {
  if (!host.ephemeral) return std::nullopt;
  return "nothing names this host for longer than it runs: the ports that it is given end with it; DEVINIT_HOST gives it a name that lasts";
}

std::optional<std::string> ephemeral_warning(const std::vector<registry::Lease>& leases, const registry::PortPolicy& policy) {
  for (const auto& lease : leases) {
    if (lease.port < policy.ephemeral_first) continue;
    return "port " + std::to_string(lease.port) + " is one of those that the kernel takes for outgoing connections (from " +
           std::to_string(policy.ephemeral_first) + " up), so it may be busy now and then: the lower ones of its grid are taken";
  }
  return std::nullopt;
}

}  // namespace devinit::cli
