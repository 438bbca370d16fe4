#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/state_file.hpp"
#include "engine/engine.hpp"
#include "os/exit_status.hpp"
#include "supervisor/child_launch.hpp"
#include "supervisor/companions.hpp"
#include "supervisor/lost_guardians.hpp"
#include "supervisor/port_holdings.hpp"
#include "supervisor/project_writer.hpp"
#include "supervisor/readiness.hpp"
#include "supervisor/service_memory.hpp"
#include "supervisor/service_process.hpp"
#include "supervisor/start_context.hpp"
#include "supervisor/watch_brake.hpp"

namespace devinit::supervisor {

/// Carries out what the engine wants of services, and tells it what comes of it: ports, hooks, processes, probes. launching.cpp is how a service
/// comes up and goes down, reports.cpp what guardians and probes tell, service_runner.cpp the rest.
class ServiceRunner : Readiness::Observer, Companions::Observer, LostGuardians::Observer {
 public:
  /// Who runs the engine.
  struct Host {
    virtual ~Host() = default;
    virtual void post(engine::Event event) = 0;
    /// For the diary and for every client; level "log": for the diary alone.
    virtual void tell(const std::string& level, const std::string& service, const std::string& text) = 0;
    /// What the outside sees of it has changed, though the engine does not know.
    virtual void on_said(const std::string& service) = 0;
    /// Something has ended that kept the supervisor here.
    virtual void on_ended() = 0;
    /// A child of ours that is no service.
    [[nodiscard]] virtual std::optional<os::ProcessIdentity> other_child() const = 0;
  };
  /// All outlive it.
  ServiceRunner(boost::asio::io_context& loop, const project::Project& project, const GuardianSetup& guardian, const engine::Engine& engine,
                ProjectWriter& writer, Host& host);

  void carry_out(const engine::ServiceEffect& effect);
  void carry_out(const engine::SignalService& effect);
  /// What the services of a completed plan are started with from now on; `starting`: those that it starts.
  void adopt(StartContextPtr context, const std::vector<std::string>& starting);
  /// The last completed plan's; nothing before the first.
  [[nodiscard]] const StartContextPtr& current() const noexcept { return current_; }
  /// What the service was started with, or would be.
  [[nodiscard]] StartContextPtr context_of(const std::string& service) const;
  [[nodiscard]] config::PortLookup port_lookup(const StartContext& context) const;
  /// A port has changed: what is spawned next is told so.
  void forget_variables() { runtime_variables_.reset(); }
  /// What an automatic choice for the service avoids now.
  [[nodiscard]] PortSet avoided_by(const std::string& service) const;
  [[nodiscard]] PortHoldings& ports() noexcept { return ports_; }

  /// It has gone down, and stays so until somebody starts it.
  void forget(const std::string& service);
  void reaped(pid_t pid) { lost_.reaped(pid); }
  /// No process of a service, hook or probe is left.
  [[nodiscard]] bool idle() const { return running_.empty() && lost_.empty() && companions_.hooks.idle(); }
  /// Before a command is told that services are down: says who still listens on their ports.
  void warn_of_listeners_left();
  /// What the engine does not know of it: exit code, status text, next time, and the port of one that is run by others.
  void complete(engine::ServiceSnapshot& service) const;
  /// `text` with what its probe said last, when it is about a deadline: "not ready within 1m: GET /health answered 503".
  [[nodiscard]] std::string explained(const std::string& service, std::string text) const;
  void complete(api::RecordedService& service) const;
  [[nodiscard]] std::uint64_t log_start(const std::string& service) const;
  /// "waiting for 3 processes: python (4711), …": who keeps a stop waiting, at this moment.
  [[nodiscard]] std::string blockers_of(const std::string& service) const;

 private:
  // reports.cpp
  void on_ready(const std::string& service, const std::string& detail) override;
  void on_not_ready(const std::string& service, const std::string& why) override;
  void on_listens_elsewhere(const std::string& service, Port port) override;
  void on_reason(const std::string& service) override { host_.on_said(service); }
  void on_foreign_listener(const std::string& service, Port port) override;
  void on_companion(const std::string& service, engine::ServiceMachine::Event event) override;
  void on_files_changed(const std::string& service, const std::string& summary) override;
  void on_remark(const std::string& level, const std::string& service, const std::string& text) override;
  std::vector<os::ProcessIdentity> living_guardians() const override;
  void on_notification(const std::string& service, const Notification& message);
  void on_report(std::string service, const std::optional<guardian::Report>& report);
  void on_exec_failed(const std::string& service, const guardian::Report& report);
  void on_leader_exited(const std::string& service, int wait_status);
  void on_tree_empty(const std::string& service, int wait_status, std::uint64_t lost_log_bytes);
  void on_guardian_lost(const std::string& service);
  void finish_run(const std::string& service, engine::ServiceMachine::Event event);
  [[nodiscard]] bool is_held_by_another(const std::string& service, Port port) const;
  std::string end_run(const std::string& service);
  void remember_task(const std::string& service, const os::ExitStatus& status);
  [[nodiscard]] bool met_busy_port(const std::string& service, const Running& running) const;
  [[nodiscard]] bool ended_by_busy_port(const std::string& service, const Running& running, Port port);

  // launching.cpp
  void spawn(const std::string& service);
  [[nodiscard]] bool is_done_already(const std::string& service);
  [[nodiscard]] Result<> open_notify_socket(const std::string& service);
  void launch(const std::string& service);
  void launch_process(const std::string& service, os::SpawnRequest request);
  [[nodiscard]] Result<os::SpawnRequest> launch_request(const std::string& service, os::UniqueFd& input);
  [[nodiscard]] Result<os::SpawnRequest> command_of(const std::string& service, const config::Command& command, CommandOutput output);
  template <class Make>
  auto with_launch(const std::string& service, Make make) -> decltype(make(std::declval<const LaunchContext&>()));
  [[nodiscard]] Result<ProbeTarget> probe_target(const std::string& service, const config::ProbeSpec& spec, pid_t guardian);
  void watch_liveness(const std::string& service);
  void run_hook(const std::string& service, HookKind kind, const config::Command& command, std::optional<Millis> limit, Hooks::Done done);
  void watch_readiness(const std::string& service);
  void stop(const std::string& service);
  [[nodiscard]] Millis grace_left(const std::string& service) const;
  void let_drain(const std::string& service);
  void signal_tree(const std::string& service);

  // service_runner.cpp
  void reclaim(const std::string& service);
  void renew(const std::string& service);
  void service_event(const std::string& service, engine::ServiceMachine::EventKind kind, std::string text = {}, engine::FailureCode code = {});
  [[nodiscard]] engine::State state_of(const std::string& service) const { return engine_.snapshot(service).state; }

  boost::asio::io_context& loop_;
  const project::Project& project_;
  const GuardianSetup& guardian_;
  const engine::Engine& engine_;
  ProjectWriter& writer_;
  Host& host_;
  LostGuardians lost_;  ///< before those that tell it of guardians when they end
  Readiness readiness_;
  Companions companions_;
  PortHoldings ports_;
  StartContextPtr current_;
  std::map<std::string, Running> running_;
  std::map<std::string, ServiceMemory> memory_;
  WatchBrake brake_;
  std::map<std::string, boost::asio::steady_timer> held_changes_;  ///< until they are told
  std::map<std::string, Port> just_ended_;             ///< services whose ports are looked at before a command ends
  std::optional<RuntimeVariables> runtime_variables_;  ///< until a port changes: the same for all services of one context
  StartContextPtr runtime_context_;
};

}  // namespace devinit::supervisor
