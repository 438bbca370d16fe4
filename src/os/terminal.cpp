#include "os/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/assert.hpp"
#include "os/deadline.hpp"

namespace devinit::os {

namespace {

constexpr int kDefaultWidth = 80;
constexpr int kDefaultHeight = 24;
constexpr std::size_t kLongestLine = 64;  // what comes after is dropped; no answer is as long

/// One line of input, or why there is none.
struct Reply {
  std::optional<std::string> line;
  Answer otherwise = Answer::end_of_input;
};

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody can be told that stderr is gone
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Waits until stdin can be read; else the answer to give up with.
std::optional<Answer> wait_for_input(const Deadline& deadline, int cancel_fd) {
  std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
  for (;;) {
    const int count = ::poll(fds.data(), fds.size(), deadline.remaining_ms());
    if (count < 0 && errno != EINTR) return Answer::end_of_input;
    if (count > 0 && (fds[1].revents & POLLIN) != 0) return Answer::interrupted;
    if (count > 0 && fds[0].revents != 0) return std::nullopt;
    if (count > 0) fds[1].fd = -1;  // its other end was closed: that is no Ctrl-C
    if (deadline.remaining_ms() == 0) return Answer::timed_out;
  }
}

/// Reads byte by byte, so that what follows the line stays in a pipe for whoever reads next.
Reply read_line(const Deadline& deadline, int cancel_fd) {
  const bool typed = is_terminal(STDIN_FILENO);
  std::string line;
  for (;;) {
    if (const auto failure = wait_for_input(deadline, cancel_fd)) return {std::nullopt, *failure};
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0 && line.empty()) return {std::nullopt, Answer::end_of_input};
    // Enter is a carriage return on a terminal that some program left in raw mode.
    if (count <= 0 || byte == '\n' || (typed && byte == '\r')) return {std::move(line)};
    if (line.size() < kLongestLine) line.push_back(byte);
  }
}

/// What `line` says; nothing when it is neither yes nor no nor empty.
std::optional<Answer> meaning_of(std::string_view line, Answer preset) {
  constexpr std::string_view kBlanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
  std::string word(line);
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (word.empty()) return preset;
  if (word == "y" || word == "yes") return Answer::yes;
  if (word == "n" || word == "no") return Answer::no;
  return std::nullopt;
}

}  // namespace

bool is_terminal(int fd) noexcept { return ::isatty(fd) == 1; }

int terminal_width(int fd) noexcept {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kDefaultWidth;
}

int terminal_height(int fd) noexcept {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : kDefaultHeight;
}

Answer ask_yes_no(const std::string& question, Answer preset, std::chrono::milliseconds timeout, int cancel_fd) {
  ASSERT(preset == Answer::yes || preset == Answer::no);
  const Deadline deadline(timeout);
  for (int asked = 0; asked < 2; ++asked) {
    // Before the question and not after it, because whoever has seen it may answer at once.
    ::tcflush(STDIN_FILENO, TCIFLUSH);
    print(question + ' ');
    const Reply reply = read_line(deadline, cancel_fd);
    // The Enter of a person has ended the line already.
    if (!reply.line || !is_terminal(STDIN_FILENO)) print("\n");
    if (!reply.line) return reply.otherwise;
    if (const auto answer = meaning_of(*reply.line, preset)) return *answer;
  }
  return Answer::no;
}

}  // namespace devinit::os
