#include "supervisor/log_tail.hpp"

#include <algorithm>
#include <utility>

namespace devinit::supervisor {
namespace {

constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kLongestLine = 64 << 10;
/// Of one look, so that a loud service does not keep the loop from the others.
constexpr std::size_t kBudget = 1 << 20;

}  // namespace

LogTail::LogTail(std::string path, std::uint64_t offset) : generations_(std::move(path)), file_(generations_.newest()), offset_(offset) {
  if (!file_) offset_ = 0;
}

bool LogTail::read(const std::function<bool(std::string_view)>& visit) {
  for (std::size_t budget = kBudget;;) {
    while (const auto line = next_line()) {
      if (visit(*line)) return true;
    }
    if (budget == 0 || !fill()) return false;
    budget -= std::min(budget, chunk_.size());
  }
}

/// Puts what comes next into `chunk_`; false when there is nothing more for now.
bool LogTail::fill() {
  at_ = 0;
  chunk_.clear();
  if (!file_) file_ = generations_.oldest();
  if (!file_) return false;
  if (file_->size() < offset_) offset_ = 0;  // truncated
  if (file_->size() > offset_) chunk_ = file_->read(offset_, kChunk);
  if (chunk_.empty()) {
    // Asked before the last look: what was written between the two belongs to this file.
    const bool finished = generations_.has_moved_on(*file_);
    if (file_->size() > offset_) chunk_ = file_->read(offset_, kChunk);
    if (chunk_.empty()) return finished && go_on() && fill();
  }
  offset_ += chunk_.size();
  return true;
}

/// Opens the next file; false when it cannot be told yet which one that is.
bool LogTail::go_on() {
  auto next = generations_.after(*file_);
  if (!next) return false;
  file_ = std::move(next->file);
  offset_ = 0;
  return true;
}

/// The next complete line in `line_` and `chunk_`.
std::optional<std::string_view> LogTail::next_line() {
  if (std::exchange(line_taken_, false)) line_.clear();
  const std::string_view rest = std::string_view(chunk_).substr(at_);
  const auto end = rest.find('\n');
  const auto piece = rest.substr(0, end);
  at_ += piece.size() + (end == std::string_view::npos ? 0 : 1);
  if (end != std::string_view::npos && line_.empty()) return piece.substr(0, kLongestLine);
  line_ += piece.substr(0, kLongestLine - line_.size());
  if (end == std::string_view::npos) return std::nullopt;
  line_taken_ = true;
  return line_;
}

}  // namespace devinit::supervisor
