#include "config/replicas.hpp"

#include <algorithm>
#include <set>

#include "config/service_texts.hpp"
#include "config/templates.hpp"

namespace devinit::config {
namespace {

using Names = std::map<std::string, std::string>;

/// Services with replicas → the first of them: what a template means that names them all.
Names first_replicas(const Draft& draft) {
  Names names;
  for (const auto& [name, count] : draft.replicas) {
    if (count > 1) names.emplace(name, running_names(draft, name).front());
  }
  return names;
}

void move_port(PortSpec& port, int index) {
  if (port.prefer) port.prefer = static_cast<Port>(*port.prefer + index);
}

ServiceConfig replica(const ServiceConfig& service, const std::string& name, int index) {
  ServiceConfig copy = service;
  copy.name = name;
  copy.replica_of = service.name;
  copy.index = index;
  if (copy.port) move_port(*copy.port, index);
  for (auto& named : copy.ports) move_port(named.second, index);
  return copy;
}

void fill_texts(ServiceConfig& service, const Names& firsts) {
  const auto fill = [&service](std::string& text) { text = fill_index(text, service.index); };
  visit_template_texts(service, [&](std::string& text) {
    if (!firsts.empty()) text = with_renamed_services(text, firsts);
    fill(text);
  });
  fill(service.cwd);
  for (auto& file : service.env_files) fill(file);
}

/// The services that run under these names, each once; those that are disabled are not among them.
std::vector<std::string> all_of(const Draft& draft, const std::vector<std::string>& names) {
  std::vector<std::string> all;
  std::set<std::string> seen;
  for (const auto& name : names) {
    for (auto& each : running_names(draft, name)) {
      const ServiceConfig* service = draft.config.find(each);
      const bool runs = service != nullptr && !service->disabled;
      if (runs && seen.insert(each).second) all.push_back(std::move(each));
    }
  }
  return all;
}

void expand_dependencies(const Draft& draft, ServiceConfig& service) {
  std::vector<Dependency> all;
  std::set<std::string> seen;
  for (const auto& [name, condition] : service.depends_on) {
    for (auto& each : running_names(draft, name)) {
      if (seen.insert(each).second) all.push_back({std::move(each), condition});
    }
  }
  service.depends_on = std::move(all);
}

/// Where the next `{index}` is, and whether it is doubled; npos when there is none.
struct IndexPlace {
  std::size_t begin = std::string_view::npos;
  bool doubled = false;
};
constexpr std::string_view kIndex = "{index}";
constexpr std::string_view kDoubled = "{{index}}";

IndexPlace next_index(std::string_view text, std::size_t from) {
  for (std::size_t brace = text.find('{', from); brace != std::string_view::npos; brace = text.find('{', brace + 1)) {
    const std::size_t before = text.substr(0, brace).find_last_not_of('{');
    if (before != std::string_view::npos && text[before] == '$') continue;
    const std::string_view rest = text.substr(brace);
    if (rest.starts_with(kDoubled)) return {brace, true};
    if (rest.starts_with(kIndex)) return {brace, false};
  }
  return {};
}

/// Puts something else in the place of every `{index}`.
template <class Replacement>
std::string replace_index(std::string_view text, Replacement replacement) {
  std::string result;
  std::size_t done = 0;
  for (;;) {
    const IndexPlace place = next_index(text, done);
    if (place.begin == std::string_view::npos) break;
    result += text.substr(done, place.begin - done);
    result += replacement(place.doubled);
    done = place.begin + (place.doubled ? kDoubled : kIndex).size();
  }
  result += text.substr(done);
  return result;
}

}  // namespace

std::vector<std::string> running_names(const Draft& draft, const std::string& name) {
  const auto count = draft.replicas.find(name);
  if (count == draft.replicas.end() || count->second < 2) return {name};
  std::vector<std::string> names;
  for (int index = 0; index < count->second; ++index) names.push_back(name + "-" + std::to_string(index));
  return names;
}

void expand_replicas(Draft& draft) {
  const Names firsts = first_replicas(draft);
  std::vector<ServiceConfig> services;
  for (auto& service : draft.config.services) {
    expand_dependencies(draft, service);
    const auto names = running_names(draft, service.name);
    if (names.size() == 1) {
      services.push_back(std::move(service));
    } else {
      for (int index = 0; const auto& name : names) services.push_back(replica(service, name, index++));
    }
  }
  for (auto& service : services) fill_texts(service, firsts);
  draft.config.services = std::move(services);
  for (auto& variable : draft.config.runtime_env) variable.second = with_renamed_services(variable.second, firsts);
  for (auto& profile : draft.config.profiles) profile.second = all_of(draft, profile.second);
}

std::string fill_index(std::string_view text, int index) {
  return replace_index(text, [index](bool doubled) { return doubled ? std::string(kIndex) : std::to_string(index); });
}

std::string without_index(std::string_view text) {
  return replace_index(text, [](bool doubled) { return "{" + std::string(doubled ? kDoubled : kIndex) + "}"; });
}

}  // namespace devinit::config
