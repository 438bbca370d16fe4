#include "cli/status_source.hpp"

#include <algorithm>

#include "api/client.hpp"
#include "cli/listener_check.hpp"
#include "cli/supervisor_link.hpp"
#include "config/fingerprint.hpp"
#include "config/templates.hpp"
#include "os/file_lock.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;
using engine::State;

constexpr const char* kOrphaned = "its supervisor is gone; the next start, stop or up cleans up";
constexpr std::size_t kLargestStateFile = 16 << 20;

/// Nothing for a file of another version, boot or folder (`cp -r` copies the state file, too).
std::optional<api::StateFile> read_state_file(const Project& project) {
  const auto text = os::read_text_file(project.paths.state_file, {}, kLargestStateFile);
  if (!text) return std::nullopt;
  auto state = api::decode_state_file(*text);
  const auto root = os::file_id(project.root());
  if (!state || !root || state->version != api::StateFile::kVersion) return std::nullopt;
  if (state->root_device != root->device || state->root_inode != root->inode) return std::nullopt;
  if (state->boot_id != os::boot_id() && !state->clean) return std::nullopt;
  return std::move(*state);
}

bool alive(const std::optional<api::RecordedProcess>& process) {
  return process && os::is_alive({process->pid, process->start_ticks});
}

/// A service that is in no one's care any more.
ServiceSnapshot derive_orphan(const api::RecordedService& service) {
  auto snapshot = service.snapshot;
  const bool leader = alive(service.leader);
  if (leader || alive(service.guardian)) {
    // Its guardian is ending it, or it waits for the next sweep: nobody proves its readiness any more.
    snapshot.state = State::stopping;
    snapshot.ready = false;
    snapshot.detail = kOrphaned;
    return snapshot;
  }
  if (snapshot.state == State::completed) return snapshot;
  snapshot.state = State::stopped;
  snapshot.ready = false;
  snapshot.pid.reset();
  snapshot.detail = snapshot.wanted ? "its supervisor was killed; the next start, stop or up ends what is left" : "";
  return snapshot;
}

/// The lock's text names the process that wrote the state file; otherwise a new supervisor has not written its own yet.
bool written_by_lock_owner(const Project& project, const api::StateFile& state) {
  const auto link = find_supervisor(project);
  return link && link->process == os::ProcessIdentity{state.supervisor.pid, state.supervisor.start_ticks};
}

/// A live supervisor whose file we cannot read (it is just starting, or of another version) is asked itself, but not for long:
/// it may be stopped.
std::optional<engine::ProjectSnapshot> ask_supervisor(const Project& project) {
  const auto link = find_supervisor(project);
  if (!link) return std::nullopt;
  auto client = link->connect();
  api::Request request;
  request.op = api::Request::Op::status;
  if (!client || !client->send(request, {.limit = std::chrono::seconds(1)})) return std::nullopt;
  const auto event = client->next();
  if (!event || !*event) return std::nullopt;
  const auto* done = std::get_if<api::Done>(&**event);
  return done == nullptr ? std::nullopt : std::optional(done->project);
}

ServiceSnapshot never_ran(const config::ServiceConfig& service, const config::PortsFile* ports_file,
                          const config::PortsRecord* record) {
  ServiceSnapshot snapshot;
  snapshot.name = service.name;
  snapshot.kind = service.kind;
  snapshot.external = service.kind == config::ServiceKind::external;
  if (service.port) {
    const auto choice = config::choose_port(*service.port, config::ports_key(service.name, ""), ports_file, record);
    snapshot.port = choice.port;
    snapshot.port_source = config::describe(choice.source);
    if (choice.port) snapshot.url = config::service_url(*choice.port);
  }
  for (const auto& [name, spec] : service.ports) {
    const auto choice = config::choose_port(spec, config::ports_key(service.name, name), ports_file, record);
    if (choice.port) snapshot.ports.emplace_back(name, *choice.port);
  }
  return snapshot;
}

/// True for "backend" and "backend.metrics".
bool belongs_to_service(const engine::ProjectSnapshot& snapshot, const config::ProjectConfig* config, const std::string& key) {
  const auto service = key.substr(0, key.find('.'));
  const bool configured = config != nullptr && !(config->services_called(key).empty() && config->services_called(service).empty());
  return configured || std::ranges::any_of(snapshot.services,
                             [&](const auto& s) { return s.name == key || (!s.external && s.name == service); });
}

/// Completes the snapshot from the files that people edit.
Result<> add_from_files(engine::ProjectSnapshot& snapshot, const Project& project) {
  auto config = load_config(project);
  if (!config && config.error().code != Errc::not_found) return config.error();
  TRY_ASSIGN(const auto ports_file, load_ports_file(project));
  const auto record = load_ports_record(project);
  if (config) add_configured(snapshot, *config, ports_file ? &*ports_file : nullptr, record ? &*record : nullptr);
  if (ports_file) add_passive(snapshot, config ? &*config : nullptr, *ports_file);
  return {};
}

}  // namespace

LastRun read_last_run(const Project& project) {
  LastRun run;
  run.lock_held = os::FileLock::is_held(project.paths.lock_file);
  run.state = read_state_file(project);
  if (!run.state) return run;
  if (run.lock_held && written_by_lock_owner(project, *run.state)) {
    run.trust = LastRun::Trust::live;
  } else {
    run.trust = run.state->clean ? LastRun::Trust::clean : LastRun::Trust::orphaned;
  }
  return run;
}

bool needs_sweep(const LastRun& run) noexcept { return !run.lock_held && run.trust == LastRun::Trust::orphaned; }

engine::ProjectSnapshot derive_snapshot(const Project& project, const LastRun& run) {
  engine::ProjectSnapshot snapshot;
  snapshot.project = run.state ? run.state->project.project : project.folder_name();
  snapshot.root = project.root();
  if (!run.state) return snapshot;
  if (run.trust == LastRun::Trust::live) {
    snapshot.supervisor_running = true;
    snapshot.supervisor_pid = run.state->supervisor.pid;
  }
  for (const auto& service : run.state->services) {
    const bool believed = run.trust != LastRun::Trust::orphaned;
    snapshot.services.push_back(believed ? service.snapshot : derive_orphan(service));
  }
  return snapshot;
}

engine::ProjectSnapshot current_snapshot(const Project& project, const LastRun& run) {
  auto snapshot = derive_snapshot(project, run);
  if (run.lock_held && run.trust != LastRun::Trust::live) {
    if (auto told = ask_supervisor(project)) snapshot = std::move(*told);
    snapshot.supervisor_running = true;
  }
  return snapshot;
}

void add_configured(engine::ProjectSnapshot& snapshot, const config::ProjectConfig& config, const config::PortsFile* ports_file,
                    const config::PortsRecord* record) {
  std::vector<ServiceSnapshot> ordered;
  auto& known = snapshot.services;
  for (const auto& service : config.services) {
    const auto found = std::ranges::find(known, service.name, &ServiceSnapshot::name);
    if (found == known.end()) {
      if (!service.disabled) ordered.push_back(never_ran(service, ports_file, record));
      continue;
    }
    // What does not run has no port; shown is the one that it would get first, which may have changed since.
    const bool down = engine::is_down(found->state);
    if (down && !snapshot.supervisor_running) {
      const auto next = never_ran(service, ports_file, record);
      found->port = next.port;
      found->ports = next.ports;
      found->port_source = next.port_source;
      found->url = next.url;
    }
    found->changed = !down && !found->fingerprint.empty() && found->fingerprint != config::fingerprint(service);
    ordered.push_back(std::move(*found));
    known.erase(found);
  }
  std::ranges::move(known, std::back_inserter(ordered));
  known = std::move(ordered);
  if (!config.name.empty()) snapshot.project = config.name;
}

void add_passive(engine::ProjectSnapshot& snapshot, const config::ProjectConfig* config, const config::PortsFile& ports_file) {
  for (const auto& [key, port] : ports_file.entries) {
    if (belongs_to_service(snapshot, config, key)) continue;
    ServiceSnapshot service;
    service.name = key;
    service.external = true;
    service.port = port;
    service.port_source = ".ports.json";
    snapshot.services.push_back(std::move(service));
  }
}

Result<StatusAnswer> read_status(const Project& project) {
  const auto run = read_last_run(project);
  StatusAnswer answer;
  answer.project = current_snapshot(project, run);
  if (auto added = add_from_files(answer.project, project); !added) {
    if (!answer.project.supervisor_running) return added.error();
    answer.warning = added.error();
  }
  check_listeners(answer.project, run.trust == LastRun::Trust::live ? &*run.state : nullptr);
  return answer;
}

}  // namespace devinit::cli
