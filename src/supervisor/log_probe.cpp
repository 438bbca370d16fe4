#include <boost/regex.hpp>
#include <stdexcept>

#include "base/duration.hpp"
#include "supervisor/log_tail.hpp"
#include "supervisor/probe.hpp"

namespace devinit::supervisor {
namespace {

constexpr Millis kPromptSilence{200};
constexpr char kEscape = '\x1b';

/// The text without terminal sequences (ECMA-48: ESC [ parameters final, and two-byte ones): a pattern is written for what people see.
std::string without_sequences(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != kEscape) {
      text += line[i];
    } else if (i + 1 < line.size() && line[++i] == '[') {
      do ++i;
      while (i < line.size() && (line[i] < '@' || line[i] > '~'));
    }
  }
  return text;
}

class LogProbe final : public Probe {
 public:
  explicit LogProbe(const ProbeTarget& target) : tail_(target.log_file, target.log_start), text_(target.spec.log) {
    try {
      pattern_ = boost::regex(text_, boost::regex::ECMAScript | boost::regex::optimize);
    } catch (const std::exception& failure) {
      problem_ = "/" + text_ + "/ is no regular expression: " + failure.what();
    }
  }

  std::optional<Answer> ask() override {
    if (!problem_.empty()) return Answer{false, problem_};
    if (tail_.read([this](std::string_view line) { return matches(line); }) || prompts()) return Answer{true, {}};
    return Answer{false, "no line of its log matches /" + text_ + "/"};
  }

 private:
  /// A line that stays unfinished is one, too: nobody ends a prompt.
  [[nodiscard]] bool prompts() {
    const auto line = tail_.unfinished();
    const auto now = std::chrono::steady_clock::now();
    if (line.size() != unfinished_) {
      unfinished_ = line.size();
      silent_since_ = now;
      looked_at_ = false;
    }
    if (line.empty() || looked_at_ || now - silent_since_ < kPromptSilence) return false;
    looked_at_ = true;
    return matches(line);
  }

  [[nodiscard]] bool matches(std::string_view line) const {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find(kEscape) == std::string_view::npos) return found_in(line);
    return found_in(without_sequences(line));
  }

  /// A pattern that takes for ever is given up by the library: then this line does not match.
  [[nodiscard]] bool found_in(std::string_view line) const {
    try {
      return boost::regex_search(line.begin(), line.end(), pattern_, boost::match_any);
    } catch (const std::runtime_error&) {
      return false;
    }
  }

  LogTail tail_;
  std::string text_;
  boost::regex pattern_;
  std::string problem_;
  std::size_t unfinished_ = 0;    ///< bytes of the line that was unfinished when last looked at
  TimePoint silent_since_{};
  bool looked_at_ = false;        ///< at that line, as it is
};

}  // namespace

std::unique_ptr<Probe> make_log_probe(const ProbeTarget& target) { return std::make_unique<LogProbe>(target); }

}  // namespace devinit::supervisor
