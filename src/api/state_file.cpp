#include "api/state_file.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "api/json_reader.hpp"
#include "api/json_writer.hpp"
#include "api/snapshot_codec.hpp"

namespace devinit::api {
namespace {

using nlohmann::json;

void write_process(JsonWriter& out, std::string_view name, const std::optional<RecordedProcess>& process) {
  out.key(name);
  if (!process || process->pid == 0) return out.null();
  out.begin_object();
  out.member("pid", process->pid);
  out.member("start_ticks", process->start_ticks);
  out.end_object();
}

std::optional<RecordedProcess> read_process(MemberReader& members, std::string_view name) {
  const json* value = members.object(name);
  if (value == nullptr) return std::nullopt;
  std::optional<pid_t> pid;
  RecordedProcess process;
  MemberReader nested(*value, "recorded process");
  nested.require("pid", pid);
  nested.require("start_ticks", process.start_ticks);
  if (!pid) nested.mistake("pid", "a process id");
  members.absorb(nested.result());
  process.pid = pid.value_or(0);
  return process;
}

void write_recorded_service(JsonWriter& out, const RecordedService& service) {
  out.begin_object();
  write_service_members(out, service.snapshot);
  write_process(out, "guardian", service.guardian);
  write_process(out, "leader", service.leader);
  out.member("log_file", service.log_file);
  out.end_object();
}

Result<RecordedService> read_recorded_service(const json& value) {
  RecordedService service;
  TRY_ASSIGN(service.snapshot, read_service(value));
  MemberReader members(value, "recorded service");
  service.guardian = read_process(members, "guardian");
  service.leader = read_process(members, "leader");
  members.read("log_file", service.log_file);
  TRY(members.result());
  return service;
}

Result<> read_header(const json& document, StateFile& state) {
  MemberReader members(document, "state file");
  members.require("version", state.version);
  TRY(members.result());
  if (state.version != StateFile::kVersion) {
    return Error(Errc::protocol, "the state file has version " + std::to_string(state.version) +
                                     "; this devinit reads version " + std::to_string(StateFile::kVersion));
  }
  members.require("boot_id", state.boot_id);
  members.require("root_device", state.root_device);
  members.require("root_inode", state.root_inode);
  state.supervisor = read_process(members, "supervisor_process").value_or(RecordedProcess{});
  members.require("socket", state.socket);
  members.require("cookie", state.cookie);
  members.require("clean", state.clean);
  read_project_members(members, state.project);
  return members.result();
}

}  // namespace

std::string encode(const StateFile& state) {
  JsonWriter out;
  out.begin_object();
  out.member("version", state.version);
  out.member("boot_id", state.boot_id);
  out.member("root_device", state.root_device);
  out.member("root_inode", state.root_inode);
  write_process(out, "supervisor_process", state.supervisor);
  out.member("socket", state.socket);
  out.member("cookie", state.cookie);
  out.member("clean", state.clean);
  write_project_members(out, state.project);
  out.key("services");
  out.begin_array();
  for (const RecordedService& service : state.services) write_recorded_service(out, service);
  out.end_array();
  out.end_object();
  return out.take() + '\n';
}

Result<StateFile> decode_state_file(std::string_view text) {
  TRY_ASSIGN(const json document, parse_json_object(text, "state file"));
  StateFile state;
  TRY(read_header(document, state));
  MemberReader members(document, "state file");
  const json* services = members.array("services");
  if (services == nullptr) members.mistake("services", "an array");
  TRY(members.result());
  state.services.reserve(services->size());
  for (const json& item : *services) {
    TRY_ASSIGN(auto service, read_recorded_service(item));
    state.services.push_back(std::move(service));
  }
  return state;
}

std::string encode(const LockText& text) { return std::to_string(text.pid) + ' ' + text.socket + '\n'; }

// Strict, because a lock file may be read while it is being rewritten: a torn text must be nothing rather than another socket.
std::optional<LockText> decode_lock_text(std::string_view text) {
  if (text.empty() || text.back() != '\n') return std::nullopt;
  text.remove_suffix(1);
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(0, blank);
  const std::string_view socket = text.substr(blank + 1);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (error != std::errc() || end != digits.data() + digits.size() || pid <= 0 || digits.front() == '0') return std::nullopt;
  if (socket.empty() || socket.front() != '/' || socket.find_first_of(std::string_view("\n\0", 2)) != std::string_view::npos) {
    return std::nullopt;
  }
  return LockText{pid, std::string(socket)};
}

}  // namespace devinit::api
