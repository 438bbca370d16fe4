#include "cli/line_reader.hpp"

#include "os/readable.hpp"

namespace devinit::cli {
Result<std::vector<std::string>> LineReader::next(std::size_t most) {
  std::vector<std::string> lines;
  while (true) {
    take_lines(lines, most);
    const bool more_waits = !ended_ && lines.size() < most && os::wait_readable({fd_}, std::chrono::milliseconds(0))[0];
    if (lines.size() == most || ended_ || (!lines.empty() && !more_waits)) return lines;
    TRY_ASSIGN(const auto piece, os::read_some(fd_));
    ended_ = piece.empty();
    buffer_ += piece;
    const std::size_t enough = begin_ + kLongestLine + 1;
    if (buffer_.size() > enough && buffer_.find('\n', enough) == std::string::npos && buffer_.find('\n', begin_) == std::string::npos) {
      buffer_.resize(enough);
    }
  }
}

void LineReader::take_lines(std::vector<std::string>& lines, std::size_t most) {
  while (lines.size() < most) {
    const auto end = buffer_.find('\n', begin_);
    if (end == std::string::npos) break;
    lines.push_back(buffer_.substr(begin_, end - begin_));
    begin_ = end + 1;
  }
  if (lines.size() < most && ended_ && begin_ < buffer_.size()) {
    lines.push_back(buffer_.substr(begin_));
    begin_ = buffer_.size();
  }
  if (begin_ == buffer_.size() || begin_ > kLongestLine) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
}

}  // namespace devinit::cli
