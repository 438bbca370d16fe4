#include "config/validation.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/suggest.hpp"
#include "config/dependency_cycle.hpp"
#include "config/ports_file.hpp"
#include "config/replicas.hpp"
#include "config/templates.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

/// By name; a replica stands for the service that it is one of.
using Services = std::map<std::string, const ServiceConfig*>;

const std::string kNobody = ".";  // owns the templates of the top level; no service can have this name

std::vector<std::string> names_of(const Services& services) {
  std::vector<std::string> names;
  for (const auto& entry : services) names.push_back(entry.first);
  return names;
}

std::string suggestion(const std::string& name, const Services& services, const Mistakes& mistakes) {
  if (mistakes.many()) return "";
  const auto near = nearest(name, names_of(services));
  return near ? "did you mean " + quoted(*near) + "?" : "";
}

/// BACKEND_PORT can only mean one port. Also catches two ports with one key in `.ports.json`.
void check_variables(const Draft& draft, Mistakes& mistakes) {
  std::map<std::string, std::string> owners;
  const auto claim = [&](const std::string& key, Position at) {
    const auto [owner, added] = owners.emplace(variable_prefix(key), key);
    if (added) return;
    mistakes.add(at, quoted(owner->second) + " and " + quoted(key) + " would both be " + owner->first + "_PORT",
                 "rename one of them");
  };
  for (const auto& service : draft.config.services) {
    const Position at = draft.service_positions.at(service.name);
    for (const auto& name : running_names(draft, service.name)) {
      claim(name, at);
      for (const auto& named : service.ports) claim(ports_key(name, named.first), at);
    }
  }
}

/// Nobody could tell a replica from another service of its name. False when there is such a pair.
bool check_replica_names(const Draft& draft, Mistakes& mistakes) {
  bool distinct = true;
  for (const auto& [name, count] : draft.replicas) {
    if (count < 2) continue;
    for (const auto& replica : running_names(draft, name)) {
      const auto other = draft.service_positions.find(replica);
      if (other == draft.service_positions.end()) continue;
      mistakes.add(other->second, quoted(replica) + " is what a replica of " + quoted(name) + " is called",
                   "rename one of them");
      distinct = false;
    }
  }
  return distinct;
}

std::string describe_port(const std::string& service, const std::string& port_name) {
  return port_name.empty() ? quoted(service) : quoted(service) + " (" + quoted("ports." + port_name) + ")";
}

struct PortOwner {
  std::string described;
  Position at;
};

/// One port of one replica; false when the mistake need not be repeated for the next one.
bool check_port(const Draft::NamedPort& named, const std::string& name, unsigned port, std::map<unsigned, PortOwner>& owners,
                Mistakes& mistakes) {
  const std::string described = describe_port(name, named.port_name);
  if (port > 65535 || (named.range && !named.range->contains(static_cast<Port>(port)))) {
    mistakes.add(named.at, described + " would have port " + std::to_string(port),
                 port > 65535 ? "replicas take one port after the other, at most 65535" : "that lies outside its range");
    return false;
  }
  const auto [owner, added] = owners.emplace(port, PortOwner{described, named.at});
  if (added) return true;
  mistakes.add(named.at, "port " + std::to_string(port) + " is named by both " + owner->second.described + " and " + described,
               "the first is in " + mistakes.line_of(owner->second.at, named.at));
  return false;
}

void check_ports(const Draft& draft, const Services& services, Mistakes& mistakes) {
  std::map<unsigned, PortOwner> owners;
  for (const auto& named : draft.named_ports) {
    if (services.at(named.service)->disabled) continue;
    unsigned port = named.port;
    for (const auto& name : running_names(draft, named.service)) {
      const bool first = port == named.port;
      // The reader has judged the number that stands in the file.
      const Draft::NamedPort judged = first ? Draft::NamedPort{named.at, named.service, named.port_name, named.port, {}} : named;
      if (!check_port(judged, name, port, owners, mistakes)) break;
      ++port;
    }
  }
}

void check_dependency(const Draft::DependencyUse& use, const ServiceConfig& on, bool by_disabled, Mistakes& mistakes) {
  const bool waits_for_end =
      use.condition == DependencyCondition::completed || use.condition == DependencyCondition::completed_successfully;
  if (on.disabled && !by_disabled) {
    mistakes.add(use.at, quoted(use.service) + " depends on " + quoted(use.on) + ", which is disabled");
  } else if (on.kind == ServiceKind::scheduled) {
    mistakes.add(use.at, quoted(use.service) + " depends on " + quoted(use.on) + ", which runs at its times and is never ready",
                 "what has to be done first is a `\"kind\": \"task\"`");
  } else if (on.kind == ServiceKind::external && use.condition != DependencyCondition::ready) {
    mistakes.add(use.at, quoted(use.on) + " is run by others: it is never " + quoted(to_string(use.condition)), "\"ready\"");
  } else if (waits_for_end && on.kind != ServiceKind::task) {
    mistakes.add(use.at, quoted(use.on) + " is no task: it is never " + quoted(to_string(use.condition)), "\"ready\" or \"started\"");
  }
}

void check_dependencies(const Draft& draft, const Services& services, Mistakes& mistakes) {
  for (const auto& use : draft.dependencies) {
    const auto found = services.find(use.on);
    if (found != services.end()) {
      check_dependency(use, *found->second, services.at(use.service)->disabled, mistakes);
      continue;
    }
    mistakes.add(use.at, quoted(use.service) + " depends on " + quoted(use.on) + ", which does not exist",
                 suggestion(use.on, services, mistakes));
  }
}

void check_profiles(const Draft& draft, const Services& services, Mistakes& mistakes) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& member : draft.profile_members) {
    if (!seen.emplace(member.by, member.service).second) {
      mistakes.add(member.at, "the profile " + quoted(member.by) + " names " + quoted(member.service) + " twice");
    } else if (services.count(member.service) == 0) {
      mistakes.add(member.at, "the profile " + quoted(member.by) + " names " + quoted(member.service) + ", which does not exist",
                   suggestion(member.service, services, mistakes));
    }
  }
}

/// What `watch.action` names besides "restart" and the signals.
void check_watch_tasks(const Draft& draft, const Services& services, Mistakes& mistakes) {
  std::vector<std::string> known{"restart"};
  for (const auto& [name, service] : services) {
    if (service->kind == ServiceKind::task) known.push_back(name);
  }
  for (const auto& use : draft.watch_tasks) {
    const auto found = services.find(use.service);
    if (found == services.end()) {
      const auto near = mistakes.many() ? std::nullopt : nearest(use.service, known);
      mistakes.add(use.at,
                   "`watch.action` must be \"restart\", a signal or the name of a task, not the string " + quoted(use.service),
                   near ? "did you mean \"" + *near + "\"?" : "a signal is written as \"SIGHUP\"");
    } else if (found->second->kind != ServiceKind::task) {
      mistakes.add(use.at, "`watch.action` names " + quoted(use.service) + ", which is no task", "\"kind\": \"task\"");
    } else if (found->second->disabled) {
      mistakes.add(use.at, "`watch.action` names " + quoted(use.service) + ", which is disabled");
    }
  }
}

/// The dependencies, with a replica as the service that it is one of.
std::vector<Draft::DependencyUse> edges_between(const Draft& draft, const Services& services) {
  std::vector<Draft::DependencyUse> edges = draft.dependencies;
  for (auto& edge : edges) {
    const auto found = services.find(edge.on);
    if (found != services.end()) edge.on = found->second->name;
  }
  return edges;
}

/// The keys of `.ports.json` that templates may name besides the services. Nothing when the file cannot be read: who reads it
/// for its own sake says why, and templates are not blamed for it.
std::optional<PortsFile> passive_ports(const ProjectFiles& files) {
  const auto text = files.read(".ports.json");
  if (!text) return PortsFile{};
  auto parsed = parse_ports_file(*text, ".ports.json");
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

void check_reference(const Draft::Template& use, const std::string& name, const std::string& port_name,
                     const Services& services, Mistakes& mistakes) {
  if (name == kNobody) {
    mistakes.add(use.at, "{port} means a service's own port and has no meaning here", "name the service: {backend.port}");
    return;
  }
  const auto found = services.find(name);
  if (found == services.end()) {
    mistakes.add(use.at, "a template names the service " + quoted(name) + ", which does not exist",
                 suggestion(name, services, mistakes));
    return;
  }
  const ServiceConfig& service = *found->second;
  if (port_name.empty()) {
    if (!service.port) mistakes.add(use.at, "a template names the port of " + quoted(name) + ", which has none");
    return;
  }
  std::vector<std::string> known;
  for (const auto& named : service.ports) known.push_back(named.first);
  if (std::find(known.begin(), known.end(), port_name) != known.end()) return;
  const auto near = nearest(port_name, known);
  mistakes.add(use.at, "a template names the port " + quoted(port_name) + " of " + quoted(name) + ", which has no such port",
               near ? "did you mean " + quoted(*near) + "?" : "");
}

void check_templates(const Draft& draft, const Services& services, Mistakes& mistakes) {
  const auto passive = passive_ports(draft.files);
  std::set<std::string> known;
  if (passive) {
    for (const auto& entry : passive->entries) known.insert(entry.first);
  }
  std::set<std::tuple<int, int, int, std::string, std::string>> seen;  // a value of the top level is a template of every service
  for (const auto& use : draft.templates) {
    for (const auto& [name, port_name] : references(use.text, use.service.empty() ? kNobody : use.service)) {
      if (!seen.emplace(use.at.file, use.at.line, use.at.column, name, port_name).second) continue;
      const bool configured = name == kNobody || services.count(name) > 0;
      if (!configured && (!passive || known.count(ports_key(name, port_name)) > 0)) continue;
      check_reference(use, name, port_name, services, mistakes);
    }
  }
}

}  // namespace

void validate(const Draft& draft, Mistakes& mistakes) {
  Services services;
  for (const auto& service : draft.config.services) services.emplace(service.name, &service);
  for (const auto& service : draft.config.services) {
    for (const auto& name : running_names(draft, service.name)) services.emplace(name, &service);
  }
  if (check_replica_names(draft, mistakes)) check_variables(draft, mistakes);
  check_ports(draft, services, mistakes);
  check_dependencies(draft, services, mistakes);
  check_cycles(draft.config.services, edges_between(draft, services), mistakes);
  check_profiles(draft, services, mistakes);
  check_watch_tasks(draft, services, mistakes);
  check_templates(draft, services, mistakes);
}

}  // namespace devinit::config
