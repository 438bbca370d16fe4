#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/guarded_command.hpp"

namespace devinit::supervisor {

/// The commands that run for a service beside its own: hooks and stop commands. Each has a guardian, an end in time, and is known until it ends.
class Hooks {
 public:
  using Done = std::function<void(const GuardedCommand::Ended&)>;
  explicit Hooks(boost::asio::io_context& loop) : loop_(loop) {}

  /// Runs a command that has to end within `limit`. `done` is called once, later, whatever happens: also when `request` is an error or the
  /// command cannot be started.
  void run(const std::string& service, Result<os::SpawnRequest> request, Millis limit, Done done);
  /// Ends what runs for the service; each `done` follows. False when nothing does.
  bool kill(const std::string& service);
  /// Appends the guardians of all that runs.
  void add_guardians(std::vector<os::ProcessIdentity>& guardians) const;
  /// Nothing runs for anybody.
  [[nodiscard]] bool idle() const noexcept { return running_.empty(); }

 private:
  struct Entry {
    std::string service;
    std::unique_ptr<GuardedCommand> command;  ///< nothing: it could not be started, and its `done` is on its way
    Done done;
  };
  void end(std::uint64_t id, const GuardedCommand::Ended& ended);

  boost::asio::io_context& loop_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Entry> running_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< outlives us in a handler that is queued already
};

}  // namespace devinit::supervisor
