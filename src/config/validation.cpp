#include "config/validation.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/suggest.hpp"
#include "config/ports_file.hpp"
#include "config/templates.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

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
    claim(service.name, at);
    for (const auto& named : service.ports) claim(ports_key(service.name, named.first), at);
  }
}

std::string describe_port(const Draft::NamedPort& named) {
  return named.port_name.empty() ? quoted(named.service)
                                 : quoted(named.service) + " (" + quoted("ports." + named.port_name) + ")";
}

void check_ports(const Draft& draft, const Services& services, Mistakes& mistakes) {
  std::map<Port, const Draft::NamedPort*> owners;
  for (const auto& named : draft.named_ports) {
    if (services.at(named.service)->disabled) continue;
    const auto [owner, added] = owners.emplace(named.port, &named);
    if (added) continue;
    mistakes.add(named.at,
                 "port " + std::to_string(named.port) + " is named by both " + describe_port(*owner->second) + " and " +
                     describe_port(named),
                 "the first is in line " + std::to_string(owner->second->at.line));
  }
}

void check_dependencies(const Draft& draft, const Services& services, Mistakes& mistakes) {
  for (const auto& dependency : draft.dependencies) {
    const auto found = services.find(dependency.on);
    if (found == services.end()) {
      mistakes.add(dependency.at,
                   quoted(dependency.service) + " depends on " + quoted(dependency.on) + ", which does not exist",
                   suggestion(dependency.on, services, mistakes));
    } else if (found->second->disabled && !services.at(dependency.service)->disabled) {
      mistakes.add(dependency.at, quoted(dependency.service) + " depends on " + quoted(dependency.on) + ", which is disabled");
    }
  }
}

/// Walks the dependencies depth first, with a stack of its own: a file decides how deep it gets.
class CycleSearch {
 public:
  CycleSearch(const Draft& draft, Mistakes& mistakes) : mistakes_(mistakes) {
    for (const auto& dependency : draft.dependencies) edges_[dependency.service].push_back(&dependency);
  }

  void run(const std::vector<ServiceConfig>& services) {
    for (const auto& service : services) {
      if (marks_[service.name] == Mark::unseen) walk_from(service.name);
    }
  }

 private:
  enum class Mark { unseen, on_path, done };
  struct Step {
    std::string service;
    std::size_t next = 0;
  };
  static constexpr int kMostDrawn = 20;
  static constexpr std::size_t kMostNamed = 20;  // a cycle may be as long as the file

  void walk_from(const std::string& start) {
    enter(start);
    while (!path_.empty()) {
      Step& step = path_.back();
      const auto& edges = edges_[step.service];
      if (step.next == edges.size()) {
        marks_[step.service] = Mark::done;
        path_.pop_back();
        continue;
      }
      const Draft::Dependency& edge = *edges[step.next++];
      const Mark mark = marks_[edge.on];
      if (mark == Mark::unseen) enter(edge.on);
      if (mark == Mark::on_path) draw(edge);
    }
  }

  void enter(const std::string& service) {
    marks_[service] = Mark::on_path;
    path_.push_back({service});
  }

  void draw(const Draft::Dependency& closing) {
    if (++drawn_ > kMostDrawn) return;
    auto step = std::find_if(path_.begin(), path_.end(), [&](const Step& each) { return each.service == closing.on; });
    std::string cycle;
    for (std::size_t named = 0; step != path_.end() && named < kMostNamed; ++step, ++named) cycle += step->service + " -> ";
    if (step != path_.end()) cycle += "… -> " + closing.service + " -> ";
    mistakes_.add(closing.at, "a cycle of dependencies: " + cycle + closing.on, "one of them has to start first");
  }

  Mistakes& mistakes_;
  std::map<std::string, std::vector<const Draft::Dependency*>> edges_;
  std::map<std::string, Mark> marks_;
  std::vector<Step> path_;
  int drawn_ = 0;
};

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
  std::set<std::tuple<int, int, std::string, std::string>> seen;  // a value of the top level is a template of every service
  for (const auto& use : draft.templates) {
    for (const auto& [name, port_name] : references(use.text, use.service.empty() ? kNobody : use.service)) {
      if (!seen.emplace(use.at.line, use.at.column, name, port_name).second) continue;
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
  check_variables(draft, mistakes);
  check_ports(draft, services, mistakes);
  check_dependencies(draft, services, mistakes);
  CycleSearch(draft, mistakes).run(draft.config.services);
  check_templates(draft, services, mistakes);
}

}  // namespace devinit::config
