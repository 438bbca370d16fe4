#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/directory_watch.hpp"
#include "os/log_generations.hpp"

namespace devinit::cli {

/// Reads the log files of services line by line, from a given number of last lines on, and goes on with what is appended.
/// Rotation is followed file by file, however far the reader is behind, and truncation starts over; a line longer than 16 KiB arrives in
/// pieces; memory does not grow with the logs.
class LogFollower {
 public:
  /// `lines`: the sink is called once per line, without newline. `pieces`: with what was read, as it is. Unsanitised both.
  enum class Unit { lines, pieces };
  using Sink = std::function<void(const std::string& service, std::string_view line)>;

  /// `directory` must exist; logs that are not there yet are read from their beginning once they appear.
  [[nodiscard]] static Result<LogFollower> open(const std::string& directory, const std::vector<std::string>& services,
                                                std::size_t last_lines, Unit unit = Unit::lines);

  /// Readable when `pump` may find something.
  [[nodiscard]] int fd() const noexcept { return watch_.fd(); }
  /// Reads what is there, a bounded amount; true when there is more to read at once.
  bool pump(const Sink& sink);
  /// Hands over unfinished last lines.
  void flush(const Sink& sink);
  /// Files were overwritten before they could be read, for all that can be told: text may be missing from what the sink got.
  [[nodiscard]] bool lost() const noexcept { return lost_; }

 private:
  struct Source {
    std::string service;
    os::LogGenerations generations;
    std::optional<os::LogFile> file = {};
    std::uint64_t offset = 0;
    std::string partial = {};
  };
  LogFollower(os::DirectoryWatch watch, Unit unit) : watch_(std::move(watch)), unit_(unit) {}

  static void skip_to_last_lines(Source& source, std::size_t lines);
  bool read_source(Source& source, const Sink& sink);
  bool read_chunk(Source& source, std::size_t& read, const Sink& sink) const;
  bool go_on(Source& source);
  static void take(Source& source, std::string_view chunk, const Sink& sink);

  os::DirectoryWatch watch_;
  Unit unit_;
  std::vector<Source> sources_;
  bool lost_ = false;
};

}  // namespace devinit::cli
