#include "api/registry_view_codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "api/json_reader.hpp"

namespace devinit::api {
namespace {

using nlohmann::json;

std::string text_of(const PortSet& ports) {
  std::string text;
  for (unsigned port = 1; port <= 65535; ++port) {
    if (!ports.contains(static_cast<Port>(port))) continue;
    const unsigned first = port;
    while (port < 65535 && ports.contains(static_cast<Port>(port + 1))) ++port;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (port != first) text += "-" + std::to_string(port);
  }
  return text;
}

std::optional<PortSet> port_set_from(std::string_view text) {
  PortSet ports;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto range = parse_port_range(text.substr(0, end));
    if (!range) return std::nullopt;
    ports.insert(*range);
    if (end + 1 == text.size()) return std::nullopt;  // nothing behind the last comma
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ports;
}

void read_avoid(MemberReader& members, PortSet& target) {
  std::string text;
  members.read("avoid", text);
  if (!members.result()) return;
  const auto ports = port_set_from(text);
  if (!ports) return members.mistake("avoid", "a list of ports and ranges");
  target = *ports;
}

void read_neighbours(MemberReader& members, std::vector<RegistryView::Neighbour>& target) {
  const json* list = members.array("neighbours");
  if (list == nullptr) return;
  for (const json& item : *list) {
    auto& neighbour = target.emplace_back();
    MemberReader nested(item, "neighbour");
    nested.require("port", neighbour.port);
    nested.require("owner", neighbour.owner);
    nested.read("yields", neighbour.yields);
    members.absorb(nested.result());
  }
}

void read_own(MemberReader& members, std::map<std::string, Port>& target) {
  const json* list = members.array("own");
  if (list == nullptr) return;
  for (const json& item : *list) {
    std::string role;
    Port port = 0;
    MemberReader nested(item, "lease");
    nested.require("role", role);
    nested.require("port", port);
    members.absorb(nested.result());
    target.insert_or_assign(std::move(role), port);
  }
}

void read_pools(MemberReader& members, std::map<std::string, RegistryView::Pool>& target) {
  const json* list = members.array("pools");
  if (list == nullptr) return;
  for (const json& item : *list) {
    std::string role;
    RegistryView::Pool pool;
    MemberReader nested(item, "pool");
    nested.require("role", role);
    nested.require("start", pool.start);
    nested.require("step", pool.step);
    nested.require("end", pool.end);
    members.absorb(nested.result());
    if (pool.start > pool.end) members.mistake("pools", "a list of ranges");
    target.insert_or_assign(std::move(role), pool);
  }
}

}  // namespace

void write_registry_view(JsonWriter& out, const RegistryView& view) {
  out.begin_object();
  out.member("location", view.location);
  out.member("pending", view.pending);
  out.member("ephemeral", view.ephemeral);
  out.member("repository", view.repository);
  out.member("avoid", text_of(view.avoid));
  if (view.ephemeral_first != 0) out.member("ephemeral_first", view.ephemeral_first);
  out.key("neighbours");
  out.begin_array();
  for (const auto& neighbour : view.neighbours) {
    out.begin_object();
    out.member("port", neighbour.port);
    out.member("owner", neighbour.owner);
    out.member("yields", neighbour.yields);
    out.end_object();
  }
  out.end_array();
  out.key("own");
  out.begin_array();
  for (const auto& [role, port] : view.own) {
    out.begin_object();
    out.member("role", role);
    out.member("port", port);
    out.end_object();
  }
  out.end_array();
  out.key("pools");
  out.begin_array();
  for (const auto& [role, pool] : view.pools) {
    out.begin_object();
    out.member("role", role);
    out.member("start", pool.start);
    out.member("step", pool.step);
    out.member("end", pool.end);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

Result<RegistryView> read_registry_view(const json& object) {
  RegistryView view;
  MemberReader members(object, "registry view");
  members.read("location", view.location);
  members.read("pending", view.pending);
  members.read("ephemeral", view.ephemeral);
  members.read("repository", view.repository);
  members.read("ephemeral_first", view.ephemeral_first);
  read_avoid(members, view.avoid);
  read_neighbours(members, view.neighbours);
  read_own(members, view.own);
  read_pools(members, view.pools);
  TRY(members.result());
  return view;
}

}  // namespace devinit::api
