#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "api/json_reader.hpp"
#include "api/json_writer.hpp"
#include "api/messages.hpp"
#include "api/registry_view_codec.hpp"
#include "api/snapshot_codec.hpp"

namespace devinit::api {
namespace {

using nlohmann::json;
using Choice = Request::Choice;
using Op = Request::Op;

const char* to_string(Choice choice) noexcept {
  switch (choice) {
    case Choice::retry:
      return "retry";
    case Choice::next:
      return "next";
    case Choice::fail:
      return "fail";
  }
  return "next";
}

void read_choice(MemberReader& members, Choice& target) {
  std::string name;
  members.require("choice", name);
  if (!members.result()) return;
  for (const Choice choice : {Choice::retry, Choice::next, Choice::fail}) {
    if (name == to_string(choice)) {
      target = choice;
      return;
    }
  }
  members.mistake("choice", "\"retry\", \"next\" or \"fail\"");
}

bool holds_nul(const std::string& text) noexcept { return text.find('\0') != std::string::npos; }

// execve(2) would cut a variable at a NUL: what runs would not be what was asked for.
void read_environment(MemberReader& members, std::map<std::string, std::string>& target) {
  members.read("environment", target);
  const bool cut = std::any_of(target.begin(), target.end(),
                               [](const auto& variable) { return holds_nul(variable.first) || holds_nul(variable.second); });
  if (cut) members.mistake("environment", "free of NUL characters");
}

void read_registry(MemberReader& members, std::optional<RegistryView>& target) {
  const json* object = members.object("registry");
  if (object == nullptr) return;
  auto view = read_registry_view(*object);
  if (!view) return members.absorb(view.error());
  target = std::move(*view);
}

void read_answer(MemberReader& members, Request& request) {
  members.require("operation", request.operation);
  members.require("question", request.question);
  read_choice(members, request.choice);
  members.read("reason", request.reason);
}

void read_timeout(MemberReader& members, std::optional<Millis>& target) {
  std::int64_t milliseconds = -1;
  members.read("timeout_ms", milliseconds);
  if (milliseconds >= 0) target = Millis(milliseconds);
}

void read_details(MemberReader& members, Request& request) {
  switch (request.op) {
    case Op::start:
    case Op::restart:
    case Op::up:
    case Op::reload:
      read_environment(members, request.environment);
      members.read("fingerprints", request.fingerprints);
      read_registry(members, request.registry);
      return;
    case Op::answer:
      read_answer(members, request);
      return;
    case Op::cancel:
      members.require("operation", request.operation);
      return;
    case Op::stop:
      read_timeout(members, request.timeout);
      return;
    case Op::status:
    case Op::watch:
      return;
  }
}

// One overload pair per event: `write` fills the object that `encode` opened, `read` takes it apart again.

constexpr const char* name_of(const Accepted&) noexcept { return "accepted"; }
constexpr const char* name_of(const ServiceChanged&) noexcept { return "service"; }
constexpr const char* name_of(const Notice&) noexcept { return "notice"; }
constexpr const char* name_of(const Busy&) noexcept { return "busy"; }
constexpr const char* name_of(const PortMoved&) noexcept { return "port_moved"; }
constexpr const char* name_of(const Done&) noexcept { return "done"; }

void write(JsonWriter& out, const Accepted& event) { out.member("operation", event.operation); }

void write(JsonWriter& out, const ServiceChanged& event) {
  out.key("service");
  out.begin_object();
  write_service_members(out, event.service);
  out.end_object();
}

void write(JsonWriter& out, const Notice& event) {
  out.member("level", event.level);
  out.member("service", event.service);
  out.member("text", event.text);
}

void write(JsonWriter& out, const Busy& event) {
  out.member("question", event.question);
  out.member("service", event.service);
  out.member("port_name", event.port_name);
  out.member("port", event.port);
  out.member("strict", event.strict);
  out.member("by_devinit", event.by_devinit);
}

void write(JsonWriter& out, const PortMoved& event) {
  out.member("service", event.service);
  out.member("port_name", event.port_name);
  out.member("wanted", event.wanted);
  out.member("port", event.port);
  out.member("reason", event.reason);
}

void write(JsonWriter& out, const Failure& failure) {
  out.begin_object();
  out.member("service", failure.service);
  out.member("reason", failure.reason);
  out.member("code", engine::to_string(failure.code));
  out.member("log_tail", failure.log_tail);
  out.end_object();
}

void write(JsonWriter& out, const Done& event) {
  out.member("ok", event.ok);
  out.member("interrupted", event.interrupted);
  out.member("error", event.error);
  out.member("hint", event.hint);
  out.member("config_error", event.config_error);
  if (!event.error.empty()) out.member("code", code_name(event.code));
  out.key("failures");
  out.begin_array();
  for (const Failure& failure : event.failures) write(out, failure);
  out.end_array();
  out.key("project");
  write_project(out, event.project);
}

void read(const json&, MemberReader& members, Accepted& event) { members.require("operation", event.operation); }

void read(const json& object, MemberReader& members, ServiceChanged& event) {
  const auto found = object.find("service");
  if (found == object.end()) return members.mistake("service", "there");
  auto service = read_service(*found);
  if (!service) return members.absorb(service.error());
  event.service = std::move(*service);
}

void read(const json&, MemberReader& members, Notice& event) {
  members.require("level", event.level);
  members.read("service", event.service);
  members.require("text", event.text);
}

void read(const json&, MemberReader& members, Busy& event) {
  members.require("question", event.question);
  members.require("service", event.service);
  members.read("port_name", event.port_name);
  members.require("port", event.port);
  members.read("strict", event.strict);
  members.read("by_devinit", event.by_devinit);
}

void read(const json&, MemberReader& members, PortMoved& event) {
  members.require("service", event.service);
  members.read("port_name", event.port_name);
  members.require("wanted", event.wanted);
  members.require("port", event.port);
  members.read("reason", event.reason);
}

void read_failures(MemberReader& members, std::vector<Failure>& target) {
  const json* failures = members.array("failures");
  if (failures == nullptr) return;
  for (const json& item : *failures) {
    Failure& failure = target.emplace_back();
    MemberReader nested(item, "failure");
    nested.require("service", failure.service);
    nested.read("reason", failure.reason);
    nested.read("log_tail", failure.log_tail);
    std::string code;
    nested.read("code", code);
    failure.code = engine::failure_code_from_string(code);
    members.absorb(nested.result());
  }
}

void read(const json&, MemberReader& members, Done& event) {
  members.require("ok", event.ok);
  members.read("interrupted", event.interrupted);
  members.read("error", event.error);
  members.read("hint", event.hint);
  members.read("config_error", event.config_error);
  std::string code;
  members.read("code", code);
  event.code = code_from_name(code);
  read_failures(members, event.failures);
  const json* project = members.object("project");
  if (project == nullptr) return;
  auto snapshot = read_project(*project);
  if (!snapshot) return members.absorb(snapshot.error());
  event.project = std::move(*snapshot);
}

template <class E>
Result<Event> read_event(const json& object) {
  E event;
  MemberReader members(object, "event");
  read(object, members, event);
  TRY(members.result());
  return Event(std::move(event));
}

// Tries the alternatives of the variant in turn; the compiler sees to it that none is missing.
template <class E, class... Rest>
Result<Event> read_event_named(const std::string& name, const json& object) {
  if (name == name_of(E{})) return read_event<E>(object);
  if constexpr (sizeof...(Rest) > 0) {
    return read_event_named<Rest...>(name, object);
  } else {
    return Error(Errc::not_found, "the supervisor sent an event of the unknown kind \"" + name + "\"");
  }
}

template <class... E>
Result<Event> dispatch(const std::string& name, const json& object, const std::variant<E...>*) {
  return read_event_named<E...>(name, object);
}

}  // namespace

const char* to_string(Request::Op op) noexcept {
  switch (op) {
    case Op::start:
      return "start";
    case Op::restart:
      return "restart";
    case Op::up:
      return "up";
    case Op::stop:
      return "stop";
    case Op::answer:
      return "answer";
    case Op::cancel:
      return "cancel";
    case Op::status:
      return "status";
    case Op::reload:
      return "reload";
    case Op::watch:
      return "watch";
  }
  return "status";
}

std::optional<Request::Op> op_from_string(std::string_view name) noexcept {
  for (const Op op : {Op::start, Op::restart, Op::up, Op::stop, Op::answer, Op::cancel, Op::status, Op::reload, Op::watch}) {
    if (name == to_string(op)) return op;
  }
  return std::nullopt;
}

std::string encode(const Request& request) {
  JsonWriter out;
  out.begin_object();
  out.member("version", request.version);
  if (!request.targets.empty()) out.member("targets", request.targets);
  if (!request.environment.empty()) out.member("environment", request.environment);
  if (!request.fingerprints.empty()) out.member("fingerprints", request.fingerprints);
  if (request.timeout) out.member("timeout_ms", static_cast<std::int64_t>(request.timeout->count()));
  if (request.registry) {
    out.key("registry");
    write_registry_view(out, *request.registry);
  }
  if (!request.operation.empty()) out.member("operation", request.operation);
  if (request.op == Op::answer) {
    out.member("question", request.question);
    out.member("choice", to_string(request.choice));
    out.member("reason", request.reason);
  }
  out.end_object();
  return out.take();
}

Result<Request> decode_request(std::string_view op, std::string_view body) {
  Request request;
  const auto known = op_from_string(op);
  if (!known) return Error(Errc::protocol, "there is no request named \"" + std::string(op) + "\"");
  request.op = *known;
  if (request.op == Op::status && body.empty()) return request;
  TRY_ASSIGN(const json object, parse_json_object(body, "request"));
  MemberReader members(object, "request");
  members.require("version", request.version);
  members.read("targets", request.targets);
  if (request.version == kProtocolVersion) read_details(members, request);
  TRY(members.result());
  return request;
}

std::string encode(const Event& event) {
  JsonWriter out;
  out.begin_object();
  std::visit(
      [&out](const auto& alternative) {
        out.member("event", name_of(alternative));
        write(out, alternative);
      },
      event);
  out.end_object();
  return out.take();
}

Result<Event> decode_event(std::string_view line) {
  TRY_ASSIGN(const json object, parse_json_object(line, "event"));
  MemberReader members(object, "event");
  std::string name;
  members.require("event", name);
  TRY(members.result());
  return dispatch(name, object, static_cast<const Event*>(nullptr));
}

}  // namespace devinit::api
