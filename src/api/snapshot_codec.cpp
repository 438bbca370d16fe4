#include "api/snapshot_codec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/json_reader.hpp"
#include "api/json_writer.hpp"
#include "api/messages.hpp"

namespace devinit::api {
namespace {

using nlohmann::json;

void read_state(MemberReader& members, engine::State& target) {
  std::string name;
  members.require("state", name);
  if (!members.result()) return;
  if (const auto state = engine::state_from_string(name)) {
    target = *state;
  } else {
    members.mistake("state", "a known state");
  }
}

void read_named_ports(MemberReader& members, std::vector<std::pair<std::string, Port>>& target) {
  const json* ports = members.object("ports");
  if (ports == nullptr) return;
  MemberReader numbers(*ports, "list of named ports");
  for (const auto& [name, value] : ports->get_ref<const json::object_t&>()) {
    Port port = 0;
    numbers.require(name, port);
    target.emplace_back(name, port);
  }
  members.absorb(numbers.result());
}

void write_timeline(JsonWriter& out, const engine::Timeline& timeline) {
  out.key("timeline_ms");
  out.begin_object();
  out.member("wanted", timeline.wanted);
  out.member("waiting", timeline.waiting);
  out.member("spawned", timeline.spawned);
  out.member("ready", timeline.ready);
  out.end_object();
}

void read_timeline(MemberReader& members, engine::Timeline& target) {
  const json* timeline = members.object("timeline_ms");
  if (timeline == nullptr) return;
  MemberReader steps(*timeline, "timeline");
  steps.read("wanted", target.wanted);
  steps.read("waiting", target.waiting);
  steps.read("spawned", target.spawned);
  steps.read("ready", target.ready);
  members.absorb(steps.result());
}

std::int64_t uptime(const engine::ServiceSnapshot& service, std::int64_t now) noexcept {
  if (service.state != engine::State::ready || service.since == 0) return 0;
  return std::max<std::int64_t>(0, now - service.since);  // the wall clock may have been set back
}

}  // namespace

void write_service_members(JsonWriter& out, const engine::ServiceSnapshot& service, std::optional<std::int64_t> now) {
  out.member("name", service.name);
  out.member("state", engine::to_string(service.state));
  out.member("ready", service.ready);
  out.member("wanted", service.wanted);
  out.member("external", service.external);
  out.member("pid", service.pid);
  out.member("port", service.port);
  out.key("ports");
  out.begin_object();
  for (const auto& [name, port] : service.ports) out.member(name, port);
  out.end_object();
  out.member("port_source", service.port_source);
  out.member("url", service.url);
  out.member("restarts", service.restarts);
  if (now) out.member("uptime_s", uptime(service, *now));
  out.member("since", service.since);
  if (service.exit_code) out.member("exit_code", service.exit_code);
  out.member("detail", service.detail);
  out.member("stale", service.stale);
  out.member("kind", config::to_string(service.kind));
  out.member("healthy", service.healthy);
  out.member("flaps", service.flaps);
  out.member("changed", service.changed);
  if (!service.status.empty()) out.member("status", service.status);
  if (service.next_run != 0) out.member("next_run", service.next_run);
  if (!service.fingerprint.empty()) out.member("fingerprint", service.fingerprint);
  if (service.timeline != engine::Timeline()) write_timeline(out, service.timeline);
}

Result<engine::ServiceSnapshot> read_service(const nlohmann::json& value) {
  engine::ServiceSnapshot service;
  MemberReader members(value, "service");
  members.require("name", service.name);
  read_state(members, service.state);
  members.read("ready", service.ready);
  members.read("wanted", service.wanted);
  members.read("external", service.external);
  members.read("pid", service.pid);
  members.read("port", service.port);
  read_named_ports(members, service.ports);
  members.read("port_source", service.port_source);
  members.read("url", service.url);
  members.read("restarts", service.restarts);
  members.read("since", service.since);
  int exit_code = -1;
  members.read("exit_code", exit_code);
  if (exit_code >= 0) service.exit_code = exit_code;
  members.read("detail", service.detail);
  members.read("stale", service.stale);
  std::string kind;
  members.read("kind", kind);
  service.kind = config::service_kind_from_string(kind).value_or(config::ServiceKind::service);
  members.read("healthy", service.healthy);
  members.read("flaps", service.flaps);
  members.read("changed", service.changed);
  members.read("status", service.status);
  members.read("next_run", service.next_run);
  members.read("fingerprint", service.fingerprint);
  read_timeline(members, service.timeline);
  TRY(members.result());
  return service;
}

void write_project_members(JsonWriter& out, const engine::ProjectSnapshot& project) {
  out.member("project", project.project);
  out.member("root", project.root);
  out.key("supervisor");
  out.begin_object();
  out.member("running", project.supervisor_running);
  out.member("pid", project.supervisor_running ? project.supervisor_pid : std::nullopt);
  out.end_object();
}

void read_project_members(MemberReader& members, engine::ProjectSnapshot& project) {
  members.require("project", project.project);
  members.require("root", project.root);
  const json* supervisor = members.object("supervisor");
  if (supervisor == nullptr) return;
  MemberReader nested(*supervisor, "supervisor");
  nested.read("running", project.supervisor_running);
  nested.read("pid", project.supervisor_pid);
  members.absorb(nested.result());
}

void write_project(JsonWriter& out, const engine::ProjectSnapshot& project, std::optional<std::int64_t> now) {
  out.begin_object();
  write_project_members(out, project);
  out.key("services");
  out.begin_array();
  for (const auto& service : project.services) {
    out.begin_object();
    write_service_members(out, service, now);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

Result<engine::ProjectSnapshot> read_project(const nlohmann::json& value) {
  engine::ProjectSnapshot project;
  MemberReader members(value, "project");
  read_project_members(members, project);
  const json* services = members.array("services");
  TRY(members.result());
  if (services == nullptr) return project;
  project.services.reserve(services->size());
  for (const json& item : *services) {
    TRY_ASSIGN(auto service, read_service(item));
    project.services.push_back(std::move(service));
  }
  return project;
}

std::string encode_status(const engine::ProjectSnapshot& project, std::int64_t now) {
  JsonWriter out;
  write_project(out, project, now);
  return out.take();
}

Result<engine::ProjectSnapshot> decode_status(std::string_view text) {
  TRY_ASSIGN(const auto document, parse_json_object(text, "status document"));
  return read_project(document);
}

}  // namespace devinit::api
