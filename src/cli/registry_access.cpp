#include "cli/registry_access.hpp"

#include <algorithm>
#include <string_view>

#include "cli/pending_leases.hpp"
#include "os/files.hpp"
#include "os/paths.hpp"
#include "ports/claimed_ports.hpp"
#include "ports/ownership.hpp"
#include "ports/probe.hpp"
#include "ports/reserved_ports.hpp"

namespace devinit::cli {
namespace {

constexpr registry::Seconds kSecondsPerDay = 24 * 3600;

/// The ports in the `.ports.json` of a project, for a registry that has lost them. A file that cannot be read says nothing: its owner hears of
/// it at the next start.
std::vector<registry::WantedLease> ports_of_project(const std::string& root, const os::Environment& environment) {
  auto paths = os::project_paths(root, environment);
  if (!paths) return {};
  const Project project{std::move(*paths), environment, root};
  const auto file = load_ports_file(project);
  if (!file || !*file) return {};
  const auto record = load_ports_record(project);
  std::vector<registry::WantedLease> wanted;
  for (const auto& [key, port] : (*file)->entries) {
    // What devinit never wrote is the port of somebody else's postgres.
    if (!record || record->entries.contains(key)) wanted.push_back({key, port, false});
  }
  return wanted;
}

/// From where on a port is worth a warning, because the kernel takes it for outgoing connections as well. Where it takes nearly all of them
/// nothing would be left to recommend.
Port first_ephemeral_port() {
  constexpr Port kUsual = 32768;
  const auto text = os::read_text_file("/proc/sys/net/ipv4/ip_local_port_range");
  if (!text) return kUsual;
  return std::max(parse_port(std::string_view(*text).substr(0, text->find_first_of(" \t\n"))).value_or(kUsual), kUsual);
}

/// The bind probe, for a command that asks about thousands of ports.
class FreePortProbe {
 public:
  bool operator()(Port port) {
    if (!claimed_) claimed_ = std::make_shared<const PortSet>(ports::claimed_ports());
    return !claimed_->contains(port) && ports::probe_bind(port) == ports::Verdict::free;
  }

 private:
  std::shared_ptr<const PortSet> claimed_;
};

}  // namespace

Result<config::UserConfig> load_user_config(const os::Environment& environment) {
  const std::string folder = os::configuration_directory(environment);
  if (folder.empty()) return config::UserConfig();
  const std::string path = folder + "/config.json";
  const auto text = os::read_text_file(path);
  if (text) return config::parse_user_config(*text, path);
  if (text.error().problem == os::FileProblem::missing) return config::UserConfig();
  return Error(Errc::config, path + ": " + text.error().detail,
               "correct it or move it away: it is your configuration of devinit");
}

Result<registry::Location> registry_location(const Context& context, const config::UserConfig& user) {
  return registry::find_location(context.arguments.registry, context.environment, user.registry);
}

Result<registry::Registry::Options> registry_options(const Context& context, const config::UserConfig& user) {
  registry::Registry::Options options;
  TRY_ASSIGN(options.host, registry::this_host(context.environment));
  if (user.lease_days) options.idle_limit = *user.lease_days * kSecondsPerDay;
  options.on_notice = [&output = context.output](const std::string& text) { output.warn(text); };
  options.supervised_root = ports::supervised_root;
  options.ports_of = [&environment = context.environment](const std::string& root) {
    return ports_of_project(root, environment);
  };
  return options;
}

Result<std::unique_ptr<registry::Registry>> open_registry(const Context& context, const config::UserConfig& user,
                                                          registry::Access access) {
  TRY_ASSIGN(const auto location, registry_location(context, user));
  TRY_ASSIGN(auto options, registry_options(context, user));
  TRY_ASSIGN(auto registry, registry::Registry::open(location, access, std::move(options)));
  if (access == registry::Access::read_write) hear_of_pending(context, user, *registry);
  return registry;
}

PortSet ports_set_aside(const config::PortRules& rules, const config::Pool* pool) {
  constexpr PortRange kPrivileged{1, 1023};
  PortSet aside;
  aside.insert(kPrivileged);
  for (const Port port : registry::ports_blocked_by_browsers()) aside.insert(port);
  for (const PortRange& range : rules.deny) aside.insert(range);
  for (const auto& other : rules.pools) {
    if (pool != nullptr && other.name == pool->name) continue;
    for (const auto& [role, numbers] : other.roles) aside.insert(PortRange{numbers.start, numbers.end});
  }
  for (const auto& entry : rules.apps) {
    for (const auto& [role, port] : entry.ports) aside.insert(port);
  }
  return aside;
}

registry::PortPolicy port_policy(const config::PortRules& rules, const config::Pool* pool, bool probe) {
  registry::PortPolicy policy;
  policy.never = ports_set_aside(rules, pool);
  const auto reserved = ports::ReservedPorts::current();
  for (const PortRange& range : reserved.ranges()) policy.never.insert(range);
  policy.ephemeral_first = first_ephemeral_port();
  if (probe) policy.is_free = FreePortProbe();
  return policy;
}

}  // namespace devinit::cli
