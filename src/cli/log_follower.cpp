#include "cli/log_follower.hpp"

#include <algorithm>
#include <filesystem>

namespace devinit::cli {
namespace {

constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kLongestLine = 16 << 10;
/// Per service and pump, so that one loud service neither starves the others nor delays Ctrl-C.
constexpr std::size_t kPumpBudget = 256 << 10;

std::uint64_t size_of(const std::string& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  return failure ? 0 : size;
}

/// `count` bytes at `offset`, fewer at the end of the file.
std::string read_at(std::FILE* file, std::uint64_t offset, std::size_t count) {
  std::string chunk(count, '\0');
  std::clearerr(file);  // an earlier end of file sticks
  if (::fseeko(file, static_cast<off_t>(offset), SEEK_SET) != 0) return {};
  chunk.resize(std::fread(chunk.data(), 1, chunk.size(), file));
  return chunk;
}

}  // namespace

Result<LogFollower> LogFollower::open(const std::string& directory, const std::vector<std::string>& services,
                                      std::size_t last_lines, Unit unit) {
  TRY_ASSIGN(auto watch, os::DirectoryWatch::on(directory));
  LogFollower follower(std::move(watch), unit);
  for (const auto& service : services) {
    Source source;
    source.service = service;
    source.path = directory + "/" + service + ".log";
    open_source(source);
    if (source.file) skip_to_last_lines(source, last_lines);
    follower.sources_.push_back(std::move(source));
  }
  return follower;
}

void LogFollower::open_source(Source& source) {
  source.file.reset();
  source.offset = 0;
  const auto id = os::file_id(source.path);
  if (!id || !os::is_regular_file(source.path)) return;
  source.file.reset(std::fopen(source.path.c_str(), "rbe"));
  source.id = *id;
}

void LogFollower::skip_to_last_lines(Source& source, std::size_t lines) {
  constexpr std::uint64_t kFarthest = 64 << 20;
  const auto size = size_of(source.path);
  const auto lowest = size > kFarthest ? size - kFarthest : 0;
  std::size_t newlines = 0;
  source.offset = size;
  for (auto end = size; lines > 0 && end > lowest;) {
    const auto begin = end - lowest > kChunk ? end - kChunk : lowest;
    const auto chunk = read_at(source.file.get(), begin, static_cast<std::size_t>(end - begin));
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

bool LogFollower::read_source(Source& source, const Sink& sink) const {
  std::size_t read = 0;
  while (read < kPumpBudget) {
    if (!source.file) open_source(source);
    if (!source.file) return false;
    const auto chunk = read_at(source.file.get(), source.offset, kChunk);
    source.offset += chunk.size();
    read += chunk.size();
    if (unit_ == Unit::lines) {
      take(source, chunk, sink);
    } else if (!chunk.empty()) {
      sink(source.service, chunk);
    }
    if (!chunk.empty()) continue;
    const auto id = os::file_id(source.path);
    if (id && *id != source.id) {
      open_source(source);  // rotated: the old file has been read to its end
    } else if (id && size_of(source.path) < source.offset) {
      source.offset = 0;  // truncated
    } else {
      return false;
    }
  }
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
