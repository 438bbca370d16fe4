#include "os/files.hpp"
#include "supervisor/guarded_command.hpp"
#include "supervisor/probe.hpp"

namespace devinit::supervisor {
namespace {

/// "`pg_isready -p 5432`", shortened: it stands in a sentence.
std::string named(const config::Command& command) {
  constexpr std::size_t kLongest = 60;
  std::string text;
  if (const auto* shell = std::get_if<std::string>(&command)) {
    text = *shell;
  } else {
    for (const auto& word : std::get<std::vector<std::string>>(command)) text += (text.empty() ? "" : " ") + word;
  }
  if (text.size() > kLongest) {
    auto end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
    text = text.substr(0, end) + "…";
  }
  return "`" + text + "`";
}

class ExecProbe final : public Probe {
 public:
  ExecProbe(boost::asio::io_context& loop, const ProbeTarget& target, Listener listener)
      : loop_(loop), make_request_(target.exec), limit_(target.spec.timeout), name_(named(target.spec.exec)), output_(target.exec_output),
        left_behind_(target.left_behind), listener_(std::move(listener)) {}
  ExecProbe(const ExecProbe&) = delete;
  ExecProbe& operator=(const ExecProbe&) = delete;
  ~ExecProbe() override {
    if (!command_) return;
    command_.reset();
    if (!output_.empty()) os::remove_file(output_);
    if (left_behind_) left_behind_();
  }

  std::optional<Answer> ask() override {
    auto request = make_request_();
    if (!request) return Answer{false, request.error().message};
    auto command = GuardedCommand::launch(loop_, std::move(*request), limit_, [this](const auto& ended) { end(ended); });
    if (!command) return Answer{false, command.error().message};
    command_ = std::move(*command);
    return std::nullopt;
  }

  std::optional<os::ProcessIdentity> guardian() const override {
    if (!command_) return std::nullopt;
    return command_->guardian();
  }

 private:
  void end(const GuardedCommand::Ended& ended) {
    const auto said = last_words();
    const Answer answer{ended.success(), ended.success() ? std::string() : name_ + " " + ended.text + (said.empty() ? "" : ": " + said)};
    const auto ended_command = std::move(command_);  // it calls us: gone after this function
    if (ended.lost && left_behind_) left_behind_();
    listener_(answer);
  }

  /// The last line that it wrote: why it failed, more often than not.
  [[nodiscard]] std::string last_words() const {
    constexpr std::size_t kLines = 3;
    constexpr std::size_t kMost = 200;
    if (output_.empty()) return {};
    auto lines = os::tail_lines(output_, kLines, kMost);
    os::remove_file(output_);
    while (!lines.empty() && lines.back().find_first_not_of(" \t\r") == std::string::npos) lines.pop_back();
    return lines.empty() ? std::string() : lines.back();
  }

  boost::asio::io_context& loop_;
  std::function<Result<os::SpawnRequest>()> make_request_;
  Millis limit_;
  std::string name_;
  std::string output_;
  std::function<void()> left_behind_;
  Listener listener_;
  std::unique_ptr<GuardedCommand> command_;
};

}  // namespace

std::unique_ptr<Probe> make_exec_probe(boost::asio::io_context& loop, const ProbeTarget& target, Probe::Listener listener) {
  return std::make_unique<ExecProbe>(loop, target, std::move(listener));
}

}  // namespace devinit::supervisor
