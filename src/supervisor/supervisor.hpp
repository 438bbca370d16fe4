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
#include "supervisor/lease_keeper.hpp"
#include "supervisor/log.hpp"
#include "supervisor/project_writer.hpp"
#include "supervisor/service_runner.hpp"
#include "supervisor/state_writer.hpp"

namespace devinit::supervisor {

/// Where the engine meets the operating system: requests, reports and timers become events, effects become system calls. One thread; nothing
/// in here waits. supervisor.cpp holds the loop and the clients, effects.cpp what each effect does; services are ServiceRunner's.
class Supervisor : api::Handler, ServiceRunner::Host {
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
  // ServiceRunner::Host
  void post(engine::Event event) override;
  void tell(const std::string& level, const std::string& service, const std::string& text) override;
  void on_said(const std::string& service) override;
  void on_ended() override { end_if_idle(); }
  std::optional<os::ProcessIdentity> other_child() const override { return leases_.child(); }

  // supervisor.cpp: events in
  void run_events();
  void request_start(api::Stream& stream, const api::Request& request);
  void request_stop(api::Stream& stream, const api::Request& request);
  void request_watch(api::Stream& stream);
  void refuse(api::Stream& stream, const Error& error);
  void end_watches();
  void on_file_deleted();
  void restore_own_files();
  void watch_signals();
  void watch_deletions();
  void arm_timer();
  void end_if_idle();

  // effects.cpp: effects out
  void carry_out(const engine::ClaimPort& effect);
  void carry_out(const engine::WriteFiles& effect);
  void carry_out(const engine::ServiceEffect& effect) { runner_.carry_out(effect); }
  void carry_out(const engine::SignalService& effect) { runner_.carry_out(effect); }
  void carry_out(const engine::AskClient& effect);
  void carry_out(const engine::Tell& effect);
  void carry_out(const engine::TellMoved& effect);
  void carry_out(const engine::Changed& effect);
  void carry_out(const engine::Finished& effect);
  void tell_changes();
  void send_to(engine::OperationId operation, const api::Event& event);

  // leases.cpp: the registry, and the end of a command, which waits for it
  [[nodiscard]] LeaseKeeper::Observer lease_observer();
  void write_leases(const StartContext& context, engine::OperationId operation);
  void on_lease_refused(Port port, const std::string& owner);
  [[nodiscard]] bool foresee_another(const engine::KnownPort& known, const std::string& owner);
  [[nodiscard]] bool leases_ended();
  void deliver(const engine::Finished& finished);

  // state.cpp: what the outside sees
  [[nodiscard]] engine::ServiceSnapshot snapshot(const std::string& service) const;
  [[nodiscard]] engine::Timeline timeline(const std::string& service) const;
  [[nodiscard]] engine::ProjectSnapshot project_snapshot() const;
  [[nodiscard]] api::StateFile compose_state() const;

  boost::asio::io_context& loop_;
  Setup setup_;
  Log& log_;
  engine::Engine engine_;
  api::Server server_;
  ProjectWriter writer_;
  ServiceRunner runner_;
  StateWriter state_;
  LeaseKeeper leases_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_;             ///< what timer_ waits for
  boost::asio::steady_timer first_client_timer_;
  boost::asio::steady_timer deletion_timer_;
  boost::asio::signal_set signals_;
  std::vector<os::UniqueFd> watched_folders_;  ///< SIGIO comes while they are open
  std::deque<engine::Event> events_;
  bool running_events_ = false;
  bool ending_ = false;
  bool had_client_ = false;          ///< or waited long enough for one
  std::map<std::uint64_t, api::Stream*> streams_;
  std::set<std::uint64_t> watches_;                           ///< streams that only look on
  std::map<engine::OperationId, StartContextPtr> pending_;    ///< contexts of operations that have not written their files yet
  std::set<std::string> changed_;                             ///< services that clients have not been told about
};

}  // namespace devinit::supervisor
