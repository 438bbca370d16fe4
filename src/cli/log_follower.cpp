#include "cli/log_follower.hpp"

#include <algorithm>

namespace devinit::cli {
namespace {

constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kLongestLine = 16 << 10;
/// Per service and pump, so that one loud service neither starves the others nor delays Ctrl-C.
constexpr std::size_t kPumpBudget = 256 << 10;

}  // namespace

Result<LogFollower> LogFollower::open(const std::string& directory, const std::vector<std::string>& services,
                                      std::size_t last_lines, Unit unit) {
  TRY_ASSIGN(auto watch, os::DirectoryWatch::on(directory));
  LogFollower follower(std::move(watch), unit);
  for (const auto& service : services) {
    Source source{.service = service, .generations = os::LogGenerations(directory + "/" + service + ".log")};
    source.file = source.generations.newest();
    if (source.file) skip_to_last_lines(source, last_lines);
    follower.sources_.push_back(std::move(source));
  }
  return follower;
}

void LogFollower::skip_to_last_lines(Source& source, std::size_t lines) {
  constexpr std::uint64_t kFarthest = 64 << 20;
  const auto size = source.file->size();
  const auto lowest = size > kFarthest ? size - kFarthest : 0;
  std::size_t newlines = 0;
  source.offset = size;
  for (auto end = size; lines > 0 && end > lowest;) {
    const auto begin = end - lowest > kChunk ? end - kChunk : lowest;
    const auto chunk = source.file->read(begin, static_cast<std::size_t>(end - begin));
    for (std::size_t at = chunk.size(); at-- > 0;) {
      const bool last_byte = begin + at + 1 == size;
      if (chunk[at] != '\n' || last_byte) continue;
      if (++newlines == lines) {
        source.offset = begin + at + 1;
        return;
      }
    }
    source.offset = end = begin;
  }
}

bool LogFollower::pump(const Sink& sink) {
  watch_.drain();
  bool more = false;
  for (auto& source : sources_) more = read_source(source, sink) || more;
  return more;
}

bool LogFollower::read_source(Source& source, const Sink& sink) {
  std::size_t read = 0;
  while (read < kPumpBudget) {
    if (!source.file) source.file = source.generations.oldest();
    if (!source.file) return false;
    if (read_chunk(source, read, sink)) continue;
    // Asked before the last look: what was written between the two belongs to this file.
    const bool finished = source.generations.has_moved_on(*source.file);
    if (read_chunk(source, read, sink)) continue;
    if (finished && go_on(source)) continue;
    if (finished || source.file->size() >= source.offset) return false;
    source.offset = 0;  // truncated
  }
  return true;
}

/// False when there is nothing more in the file that is read now.
bool LogFollower::read_chunk(Source& source, std::size_t& read, const Sink& sink) const {
  const auto chunk = source.file->read(source.offset, kChunk);
  if (chunk.empty()) return false;
  source.offset += chunk.size();
  read += chunk.size();
  if (unit_ == Unit::lines) {
    take(source, chunk, sink);
  } else {
    sink(source.service, chunk);
  }
  return true;
}

/// Opens the next file; false when it cannot be told yet which one that is.
bool LogFollower::go_on(Source& source) {
  auto next = source.generations.after(*source.file);
  if (!next) return false;
  lost_ = lost_ || next->after_gap;
  source.file = std::move(next->file);
  source.offset = 0;
  return true;
}

void LogFollower::take(Source& source, std::string_view chunk, const Sink& sink) {
  while (!chunk.empty()) {
    const auto newline = chunk.find('\n');
    const auto length = std::min({newline, chunk.size(), kLongestLine - source.partial.size()});
    source.partial += chunk.substr(0, length);
    const bool ended = length == newline;
    chunk.remove_prefix(ended ? length + 1 : length);
    if (ended || source.partial.size() == kLongestLine) {
      sink(source.service, source.partial);
      source.partial.clear();
    }
  }
}

void LogFollower::flush(const Sink& sink) {
  for (auto& source : sources_) {
    if (!source.partial.empty()) sink(source.service, source.partial);
    source.partial.clear();
  }
}

}  // namespace devinit::cli
