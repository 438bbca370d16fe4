#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/messages.hpp"
#include "cli/conflict.hpp"
#include "cli/log_follower.hpp"
#include "cli/progress.hpp"
#include "cli/supervisor_link.hpp"
#include "os/interrupts.hpp"

namespace devinit::cli {

/// One start, restart, up or stop as a client sees it: sends the request, shows the events, answers questions, and turns Ctrl-C
/// into `cancel`. Logs may be pumped meanwhile (for `up`).
class Operation {
 public:
  Operation(const Project& project, Output& output, os::Interrupts& interrupts, ConflictResolver resolver, bool live);

  /// Sends the request; starts a supervisor when there is none. Errc::timeout when the supervisor does not answer; for Ctrl-C see
  /// `wait_done`: one that comes before the supervisor has answered is obeyed as soon as it has. Errc::interrupted when it came before.
  [[nodiscard]] Result<> begin(const api::Request& request);
  /// `follower` and `sink` are called while waiting; both outlive the operation.
  void stream_logs(LogFollower& follower, LogFollower::Sink sink);
  /// Of services that are not among `names` nothing is shown and nothing counts: they change for reasons of their own. Empty: all are of interest.
  void only(std::vector<std::string> names) { concerned_ = std::move(names); }
  /// `observer` gets every event, and nothing else shows them.
  void observe(std::function<void(const api::Event&)> observer) { observer_ = std::move(observer); }
  /// Shows events until the next `Done`. The first Ctrl-C asks the supervisor to cancel and goes on waiting; the second one has it skip the
  /// grace and, like the first one where there is nothing to cancel (`stop`; an `up` that holds nothing), is Errc::interrupted at once.
  /// Errc::io when the supervisor goes away, Errc::timeout when it does not answer the cancellation.
  [[nodiscard]] Result<api::Done> wait_done();
  /// After the `Done` of an `up` that has failed: what it started is stopped by itself. Shows that to its end; the last `Done`, `failed` when there was
  /// none. Errors as in `wait_done`, but for the end of the supervisor, which was over with this anyway.
  [[nodiscard]] Result<api::Done> outlast(api::Done failed);
  /// `ends` is asked about every event; once it says true, what this operation started is stopped, as with Ctrl-C, but `interrupted` stays false.
  void end_when(std::function<bool(const api::Event&)> ends) { ends_ = std::move(ends); }
  /// Stops what this `up`, which is complete, has started, and waits for that as `wait_done` does. Nothing to do is done at once.
  [[nodiscard]] Result<api::Done> finish();
  /// For poll(2), beside something else that is waited for: when it can be read (or `pending`), `pump` takes one event and shows it.
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] bool pending() const noexcept;
  /// `fd` is negative once the operation has ended by itself.
  void pump();
  /// From here on one line per change: other output shares the terminal.
  void show_plainly() { progress_.show_plainly(); }
  /// Ends the connection. When nothing of the project runs any more, waits for the supervisor's end (5 s at most), so that its
  /// lock is free.
  void leave(const engine::ProjectSnapshot& project);

  /// Ctrl-C was pressed.
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

  [[nodiscard]] const Progress& progress() const noexcept { return progress_; }

 private:
  [[nodiscard]] bool concerns_us(const api::Event& event) const;
  /// Nothing at the end of the stream.
  [[nodiscard]] Result<std::optional<api::Done>> next_done();
  [[nodiscard]] Result<bool> wait_for_event();
  [[nodiscard]] Result<> interrupt();
  [[nodiscard]] api::Patience patience();
  [[nodiscard]] Result<> send_cancel();
  void skip_grace();
  /// The same for who ends the operation himself. A supervisor that takes no connection any more has ended it already: the stream says so next.
  [[nodiscard]] Result<> ask_to_end();
  void show(const api::Event& event);
  void answer(const api::Busy& busy);
  /// One event has come: shows it, and does what it asks for.
  [[nodiscard]] Result<> attend(const api::Event& event);

  const Project& project_;
  Output& output_;
  os::Interrupts& interrupts_;
  ConflictResolver resolver_;
  Progress progress_;
  api::Request::Op op_ = api::Request::Op::start;
  std::optional<Connection> connection_;
  std::optional<api::Client> cancel_;  ///< kept open until the operation has ended
  std::string operation_;
  std::vector<std::string> concerned_;
  bool interrupted_ = false;
  bool settled_ = false;            ///< the first `Done` has come
  bool over_ = false;               ///< somebody else has ended what was held
  bool started_something_ = false;  ///< a service was (re)started meanwhile
  std::function<void(const api::Event&)> observer_;
  std::function<bool(const api::Event&)> ends_;
  LogFollower* follower_ = nullptr;
  LogFollower::Sink sink_;
  bool more_logs_ = false;
};

/// Prints what failed, with log tails, and says the exit code: 0, 1, 2 (configuration) or that of `os::Interrupts`.
[[nodiscard]] int report(const api::Done& done, Output& output);

}  // namespace devinit::cli
