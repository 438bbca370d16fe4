#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "api/state_file.hpp"
#include "base/duration.hpp"

namespace devinit::supervisor {

/// Replaces `.devinit/state.json` after changes: at most once per loop turn, and during a burst at most every 5 ms.
class StateWriter {
 public:
  /// `compose` makes the present state.
  StateWriter(boost::asio::io_context& loop, std::string path, std::function<api::StateFile()> compose);

  /// Something changed: write soon.
  void touch();
  /// Write now, if something changed: before a client is told.
  void flush();
  /// The last words: write `state` now and nothing any more. False when it could not be written.
  bool finish(const api::StateFile& state);
  /// Why the last write failed; empty when it did not.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  bool write(const api::StateFile& state);

  boost::asio::steady_timer timer_;
  std::string path_;
  std::function<api::StateFile()> compose_;
  bool dirty_ = false;
  bool finished_ = false;
  TimePoint last_{};
  std::string problem_;
};

}  // namespace devinit::supervisor
