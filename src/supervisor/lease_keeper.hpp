#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "engine/engine.hpp"
#include "os/process.hpp"

namespace devinit::supervisor {

/// What one short-lived child does with the registry: `devinit lease WORDS`.
struct LeaseOrder {
  std::vector<std::string> words;
  os::Environment environment;  ///< the caller's, with DEVINIT_REGISTRY
  bool operator==(const LeaseOrder&) const = default;
};

/// Writes the leases of the project: the loop never waits for a database, so a child does it, one at a time, and its pipe tells what came
/// of it. Of several orders that wait for the same child only the latest is carried out. Knows as well which command waits for which
/// order, so that `ports list` shows the leases when `start` returns.
class LeaseKeeper {
 public:
  struct Observer {
    std::function<void(const std::string& level, const std::string& text)> on_notice;
    std::function<void(Port port, const std::string& owner)> on_refused;  ///< the lease stays another owner's; may lead to a new order
    std::function<void(const engine::Finished&)> deliver;  ///< the leases of this command are written, or the patience is over
    std::function<void()> on_idle;                         ///< no child is under way any more
  };
  LeaseKeeper(boost::asio::io_context& loop, Observer observer);

  /// Once the events at hand are done: a service that is to be spawned now comes first. `operation` (0: none) is delivered after it. What was
  /// written within the last hour, and is the same, is not written again.
  void write(LeaseOrder order, engine::OperationId operation);
  /// Delivers when the order of the operation has been carried out, 3 s after this call at the latest.
  void finish(const engine::Finished& finished);
  /// Writes `order` at the end of a run, when there is something to end. True when nothing is under way (any more).
  [[nodiscard]] bool end(const LeaseOrder& order);
  /// What was written last was written long ago.
  [[nodiscard]] bool outdated() const;

  /// The child under way, which is no orphan of a service.
  [[nodiscard]] std::optional<os::ProcessIdentity> child() const;

 private:
  struct Waiting {
    engine::Finished finished;
    std::uint64_t order;
    TimePoint deadline;
  };
  void start_next();
  [[nodiscard]] bool spawn(const LeaseOrder& order);
  void read_more();
  void on_line(std::string_view line);
  void on_refused(std::string_view words);
  void on_end();
  void deliver_due();
  void arm();
  void refresh_later();

  boost::asio::io_context& loop_;
  Observer observer_;
  boost::asio::posix::stream_descriptor pipe_;
  boost::asio::steady_timer patience_;
  boost::asio::steady_timer refresh_;
  std::array<char, 4096> buffer_{};
  std::string text_;                          ///< of the child, since the last newline
  bool heard_ = false;                        ///< it has said something
  std::optional<LeaseOrder> next_;
  LeaseOrder latest_;                         ///< the last one that was started
  std::optional<TimePoint> written_;          ///< when `latest_` succeeded
  std::optional<os::ProcessIdentity> child_;
  std::uint64_t last_order_ = 0;              ///< numbers of orders: of the last one given,
  std::uint64_t started_order_ = 0;           ///< started,
  std::uint64_t done_order_ = 0;              ///< and ended
  std::map<engine::OperationId, std::uint64_t> orders_;  ///< what each command waits for
  std::vector<Waiting> waiting_;
  std::optional<TimePoint> end_deadline_;
};

}  // namespace devinit::supervisor
