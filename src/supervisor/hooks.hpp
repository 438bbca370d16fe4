#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/guarded_command.hpp"
#include "supervisor/lost_guardians.hpp"

namespace devinit::supervisor {

/// Which command it is that runs for a service beside its own.
enum class HookKind { before_start, after_ready, before_stop, stop_command, after_exit };
/// "before_start hook", "stop command": as people know it.
[[nodiscard]] const char* describe(HookKind kind) noexcept;

/// The commands that run for services beside their own. Each has a guardian, and is known until nothing of it is left, also when that guardian is
/// killed.
class Hooks {
 public:
  using Done = std::function<void(const GuardedCommand::Ended&)>;
  /// `lost` outlives it.
  Hooks(boost::asio::io_context& loop, LostGuardians& lost) : loop_(loop), lost_(lost) {}

  /// Runs a command that has to end within `limit`, if there is one. `done` is called once, later, whatever happens: also when `request` is an
  /// error or the command cannot be started.
  void run(const std::string& service, HookKind kind, Result<os::SpawnRequest> request, std::optional<Millis> limit, Done done);
  /// Ends what runs for the service; each `done` follows. The second one: those of one kind.
  void kill(const std::string& service);
  void kill(const std::string& service, HookKind kind);
  /// Something runs for it.
  [[nodiscard]] bool runs(const std::string& service) const;
  /// Calls `then` when nothing runs for the service: at once, or later.
  void when_idle(const std::string& service, std::function<void()> then);

  struct Running {
    HookKind kind;
    std::optional<os::ProcessIdentity> guardian;  ///< nothing: it is killed, or never was
  };
  /// The one that began first.
  [[nodiscard]] std::optional<Running> oldest(const std::string& service) const;
  /// Appends the guardians of all that runs.
  void add_guardians(std::vector<os::ProcessIdentity>& guardians) const;
  /// Nothing runs for anybody.
  [[nodiscard]] bool idle() const noexcept { return running_.empty(); }

 private:
  struct Entry {
    std::string service;
    HookKind kind;
    std::unique_ptr<GuardedCommand> command;  ///< nothing: it could not be started, or was lost, and its `done` is on its way
    Done done;
  };
  void end(std::uint64_t id, const GuardedCommand::Ended& ended);
  void finish(std::uint64_t id, const GuardedCommand::Ended& ended);

  boost::asio::io_context& loop_;
  LostGuardians& lost_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Entry> running_;
  std::multimap<std::string, std::function<void()>> waiting_;   ///< for nothing to run
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
