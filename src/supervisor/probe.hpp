#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/probe_target.hpp"

namespace devinit::supervisor {

/// What a service answers to one question. `why` it is bad: "GET /health answered 503", for people; empty when it is good.
struct Answer {
  bool good = false;
  std::string why;
};

/// One way of asking one service how it is. Destroying it ends a question that is under way: nothing of it is left and no answer comes.
class Probe {
 public:
  /// Called on the loop's thread, never from within `ask`. It may destroy the probe.
  using Listener = std::function<void(const Answer&)>;

  Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  virtual ~Probe() = default;

  /// Asks once: the answer, when it is known at once; else nothing, and it comes to the listener when the probe's time limit is over at the
  /// latest. Not to be called while a question is under way.
  [[nodiscard]] virtual std::optional<Answer> ask() = 0;
  /// The guardian of a command that runs now.
  [[nodiscard]] virtual std::optional<os::ProcessIdentity> guardian() const { return std::nullopt; }
};

/// GET of a path: of 127.0.0.1, else of ::1, or of the one address of the network that the server binds. Any answer is read to its end in the
/// background, so that the server never finds the connection broken.
[[nodiscard]] std::unique_ptr<Probe> make_http_probe(boost::asio::io_context& loop, const ProbeTarget& target, Probe::Listener listener);
/// A command that ends with 0. It has a guardian of its own.
[[nodiscard]] std::unique_ptr<Probe> make_exec_probe(boost::asio::io_context& loop, const ProbeTarget& target, Probe::Listener listener);
/// A complete line that was appended to the log since the last question (at first: since `log_start`) matches, or an unfinished one that nothing
/// has been added to for 200 ms, as prompts are. Rotation is followed; colours
/// and other escape sequences do not count; of a line the first 64 KB are looked at. Answers at once.
[[nodiscard]] std::unique_ptr<Probe> make_log_probe(const ProbeTarget& target);
/// A file exists. Answers at once.
[[nodiscard]] std::unique_ptr<Probe> make_file_probe(const ProbeTarget& target);

/// By the target's kind: http, exec, log or file. The other kinds are not asked this way: none, port, notify, delay.
[[nodiscard]] std::unique_ptr<Probe> make_probe(boost::asio::io_context& loop, const ProbeTarget& target, Probe::Listener listener);

}  // namespace devinit::supervisor
