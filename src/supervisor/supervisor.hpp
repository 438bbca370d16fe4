#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/server.hpp"
#include "api/state_file.hpp"
#include "engine/engine.hpp"
#include "os/fd.hpp"
#include "os/file_lock.hpp"
#include "supervisor/child_launch.hpp"
#include "supervisor/lease_keeper.hpp"
#include "supervisor/log.hpp"
#include "supervisor/port_holdings.hpp"
#include "supervisor/project_writer.hpp"
#include "supervisor/readiness.hpp"
#include "supervisor/service_process.hpp"
#include "supervisor/start_context.hpp"
#include "supervisor/state_writer.hpp"

namespace devinit::supervisor {

/// Where the engine meets the operating system: requests, reports and timers become events, effects become system calls. One thread; nothing
/// in here waits. The file supervisor.cpp holds the loop and the clients, effects.cpp what each effect does.
class Supervisor : api::Handler, Readiness::Observer {
 public:
  struct Setup {
    project::Project project;
    GuardianSetup guardian;
    std::string socket_path;
    std::optional<os::FileLock> lock;  ///< held for life
    std::string lock_text;             ///< what it says: where clients find us
    std::vector<std::string> notices;  ///< what the first client should read ("ended 3 processes …")
  };
  Supervisor(boost::asio::io_context& loop, Setup setup, Log& log);
  ~Supervisor() override;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Serves clients on `listening_fd` until nothing runs and nobody is connected; then the loop ends.
  void serve(int listening_fd);

 private:
  // api::Handler
  void on_request(api::Stream& stream, const api::Request& request) override;
  void on_closed(std::uint64_t stream_id) override;
  void on_idle() override;
  // Readiness::Observer
  void on_ready(const std::string& service, const std::string& detail) override;
  void on_listens_elsewhere(const std::string& service, Port port) override;
  void on_foreign_listener(const std::string& service, Port port) override;

  // supervisor.cpp: events in
  void post(engine::Event event);
  void run_events();
  void request_start(api::Stream& stream, const api::Request& request);
  void request_stop(api::Stream& stream, const api::Request& request);
  void request_watch(api::Stream& stream);
  void refuse(api::Stream& stream, const Error& error);
  void on_report(std::string service, const std::optional<guardian::Report>& report);
  void on_guardian_lost(const std::string& service);
  void warn_of_listeners_left();
  void end_orphans();
  void on_tree_empty(const std::string& service, int wait_status, std::uint64_t lost_log_bytes);
  void on_file_deleted();
  void restore_own_files();
  void watch_signals();
  void watch_deletions();
  void arm_timer();
  void end_if_idle();

  // effects.cpp: effects out
  void carry_out(const engine::ClaimPort& effect);
  void carry_out(const engine::WriteFiles& effect);
  void carry_out(const engine::ServiceEffect& effect);
  void carry_out(const engine::SignalService& effect);
  void carry_out(const engine::AskClient& effect);
  void carry_out(const engine::Tell& effect);
  void carry_out(const engine::TellMoved& effect);
  void carry_out(const engine::Changed& effect);
  void carry_out(const engine::Finished& effect);
  void spawn(const std::string& service);
  void reclaim(const std::string& service);
  [[nodiscard]] PortSet avoided_by(const std::string& service) const;
  void service_event(const std::string& service, engine::ServiceMachine::EventKind kind, std::string text = {}, engine::FailureCode code = {});
  void tell_changes();
  void send_to(engine::OperationId operation, const api::Event& event);
  void tell(const std::string& level, const std::string& service, const std::string& text);

  // leases.cpp: the registry, and the end of a command, which waits for it
  [[nodiscard]] LeaseKeeper::Observer lease_observer();
  void write_leases(const StartContext& context, engine::OperationId operation);
  void on_lease_refused(Port port, const std::string& owner);
  [[nodiscard]] bool foresee_another(const engine::KnownPort& known, const std::string& owner);
  [[nodiscard]] bool leases_ended();
  void deliver(const engine::Finished& finished);

  // state.cpp: what the outside sees
  [[nodiscard]] engine::ServiceSnapshot snapshot(const std::string& service) const;
  [[nodiscard]] engine::ProjectSnapshot project_snapshot() const;
  [[nodiscard]] api::StateFile compose_state() const;
  [[nodiscard]] config::PortLookup port_lookup(const StartContext& context) const;
  [[nodiscard]] bool met_busy_port(const std::string& service, const Running& running) const;
  [[nodiscard]] bool ended_by_busy_port(const std::string& service, const Running& running, Port port);

  boost::asio::io_context& loop_;
  Setup setup_;
  Log& log_;
  engine::Engine engine_;
  api::Server server_;
  Readiness readiness_;
  StateWriter state_;
  LeaseKeeper leases_;
  PortHoldings ports_;
  ProjectWriter writer_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_;             ///< what timer_ waits for
  boost::asio::steady_timer orphan_timer_;
  boost::asio::steady_timer first_client_timer_;
  boost::asio::steady_timer deletion_timer_;
  boost::asio::signal_set signals_;
  std::vector<os::UniqueFd> watched_folders_;  ///< SIGIO comes while they are open
  std::deque<engine::Event> events_;
  bool running_events_ = false;
  bool ending_ = false;
  bool had_client_ = false;          ///< or waited long enough for one
  std::map<std::uint64_t, api::Stream*> streams_;
  std::map<engine::OperationId, StartContextPtr> pending_;    ///< contexts of operations that have not written their files yet
  std::map<std::string, StartContextPtr> contexts_;           ///< what each service was started with
  StartContextPtr current_;                                   ///< of the last completed plan
  std::map<std::string, Running> running_;
  std::optional<RuntimeVariables> runtime_variables_;         ///< until a port changes: the same for all services of one context
  StartContextPtr runtime_context_;
  std::map<std::string, Port> just_ended_;                    ///< services whose ports are looked at before a command ends
  std::set<std::string> changed_;                             ///< services that clients have not been told about
  std::set<std::string> lost_;                                ///< services whose guardian was killed; their orphans are being ended
  std::optional<TimePoint> lost_deadline_;
  int empty_scans_ = 0;                                       ///< in a row, for their orphans
  std::set<pid_t> spared_;                                    ///< shared daemons that became our children
  std::map<std::string, int> unfenced_retries_;
  std::map<std::string, int> exit_codes_;                     ///< of runs that ended by themselves, until the next spawn
  std::set<std::string> unusable_;                            ///< services whose main port nobody holds and they cannot bind
  std::map<std::string, std::uint64_t> log_starts_;           ///< where each service's log stood when it was last told to start
};

}  // namespace devinit::supervisor
