#include <sys/ioctl.h>
#include <termios.h>

#include <catch2/catch.hpp>

#include "os/terminal.hpp"
#include "support/child_process.hpp"
#include "support/pseudo_terminal.hpp"

using namespace std::chrono_literals;
using devinit::os::Answer;
using devinit::test::ChildProcess;
using devinit::test::Pipe;
using devinit::test::PseudoTerminal;
using devinit::test::read_to_end;

namespace os = devinit::os;

namespace {

constexpr std::chrono::milliseconds kPatience{devinit::test::kPatienceMs};

/// A process that asks "Go on? " with the given stdin and stderr; its exit code is the answer.
class Asker {
 public:
  Asker(int input, int output, Answer preset, std::chrono::milliseconds timeout = kPatience, int cancel_fd = -1)
      : process_(start(input, output, preset, timeout, cancel_fd)) {}

  [[nodiscard]] Answer answer() { return static_cast<Answer>(process_.wait().code().value()); }

 private:
  static pid_t start(int input, int output, Answer preset, std::chrono::milliseconds timeout, int cancel_fd) {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid != 0) return pid;
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::_exit(static_cast<int>(os::ask_yes_no("Go on?", preset, timeout, cancel_fd)));
  }

  ChildProcess process_;
};

struct Conversation {
  PseudoTerminal terminal;

  [[nodiscard]] Asker ask(Answer preset, std::chrono::milliseconds timeout = kPatience, int cancel_fd = -1) const {
    return {terminal.terminal.get(), terminal.terminal.get(), preset, timeout, cancel_fd};
  }

  /// Types `text` once the question stands there.
  [[nodiscard]] Answer reply(const std::string& text, Answer preset) const {
    Asker asker = ask(preset);
    CHECK(terminal.read_until("Go on? ").ends_with("Go on? "));
    terminal.type(text);
    return asker.answer();
  }
};

Answer answer_of_pipe(const std::string& text, Answer preset = Answer::no) {
  Pipe input;
  Pipe output;
  REQUIRE(::write(input.write_end.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  input.write_end.reset();
  return Asker(input.read_end.get(), output.write_end.get(), preset).answer();
}

}  // namespace

TEST_CASE("a terminal is told from a pipe, and its width is known") {
  const PseudoTerminal terminal;
  const Pipe pipe;
  CHECK(os::is_terminal(terminal.terminal.get()));
  CHECK_FALSE(os::is_terminal(pipe.read_end.get()));
  CHECK_FALSE(os::is_terminal(-1));

  winsize size{};
  size.ws_col = 132;
  REQUIRE(::ioctl(terminal.terminal.get(), TIOCSWINSZ, &size) == 0);
  CHECK(os::terminal_width(terminal.terminal.get()) == 132);
  size.ws_col = 0;
  REQUIRE(::ioctl(terminal.terminal.get(), TIOCSWINSZ, &size) == 0);
  CHECK(os::terminal_width(terminal.terminal.get()) == 80);
  CHECK(os::terminal_width(pipe.read_end.get()) == 80);
}

TEST_CASE("yes and no are understood in any case") {
  const Conversation conversation;
  for (const char* text : {"y\n", "Y\n", "yes\n", "YES\n", "  Yes \n"}) {
    CAPTURE(text);
    CHECK(conversation.reply(text, Answer::no) == Answer::yes);
  }
  for (const char* text : {"n\n", "N\n", "no\n", "No\n"}) {
    CAPTURE(text);
    CHECK(conversation.reply(text, Answer::yes) == Answer::no);
  }
}

TEST_CASE("an empty line takes the preset") {
  const Conversation conversation;
  CHECK(conversation.reply("\n", Answer::yes) == Answer::yes);
  CHECK(conversation.reply("\n", Answer::no) == Answer::no);
}

TEST_CASE("anything else is asked again, once") {
  const Conversation conversation;
  const std::string garbage = GENERATE(std::string("maybe\n"), std::string("yy\n"), std::string(500, 'y') + "\n");
  const std::string second = GENERATE(std::string("y\n"), std::string("what\n"));
  Asker asker = conversation.ask(Answer::yes);
  CHECK(conversation.terminal.read_until("Go on? ") == "Go on? ");
  conversation.terminal.type(garbage);
  conversation.terminal.read_until("\nGo on? ");
  conversation.terminal.type(second);
  CHECK(asker.answer() == (second == "y\n" ? Answer::yes : Answer::no));
}

TEST_CASE("what was typed before the question does not answer it") {
  const Conversation conversation;
  conversation.terminal.type("y\n");
  conversation.terminal.wait_until_readable();
  conversation.terminal.read_until("y\r\n");
  CHECK(conversation.reply("n\n", Answer::no) == Answer::no);

  conversation.terminal.type("n\n");
  conversation.terminal.wait_until_readable();
  CHECK(conversation.reply("\n", Answer::yes) == Answer::yes);
}

TEST_CASE("Enter counts on a terminal that was left in raw mode") {
  const Conversation conversation;
  termios mode{};
  REQUIRE(::tcgetattr(conversation.terminal.terminal.get(), &mode) == 0);
  ::cfmakeraw(&mode);
  REQUIRE(::tcsetattr(conversation.terminal.terminal.get(), TCSANOW, &mode) == 0);
  CHECK(conversation.reply("y\r", Answer::no) == Answer::yes);
}

TEST_CASE("Ctrl-D is the end of the input") { CHECK(Conversation().reply("\x04", Answer::yes) == Answer::end_of_input); }

TEST_CASE("no answer in time is told from no, and ends the line") {
  const Conversation conversation;
  Asker asker = conversation.ask(Answer::yes, 20ms);
  CHECK(asker.answer() == Answer::timed_out);
  CHECK(conversation.terminal.read_until("\n") == "Go on? \r\n");
}

TEST_CASE("half an answer is none") {
  const Conversation conversation;
  Asker asker = conversation.ask(Answer::no, 50ms);
  conversation.terminal.read_until("Go on? ");
  conversation.terminal.type("y");
  CHECK(asker.answer() == Answer::timed_out);
}

TEST_CASE("a byte on the cancel descriptor interrupts the question and stays there") {
  const Conversation conversation;
  Pipe cancel;
  Asker asker = conversation.ask(Answer::yes, kPatience, cancel.read_end.get());
  conversation.terminal.read_until("Go on? ");
  REQUIRE(::write(cancel.write_end.get(), "c", 1) == 1);
  CHECK(asker.answer() == Answer::interrupted);
  char byte = 0;
  CHECK(::read(cancel.read_end.get(), &byte, 1) == 1);
}

TEST_CASE("a cancel descriptor without a byte does not disturb") {
  const Conversation conversation;
  Pipe cancel;
  cancel.write_end.reset();
  Asker asker = conversation.ask(Answer::no, kPatience, cancel.read_end.get());
  conversation.terminal.read_until("Go on? ");
  conversation.terminal.type("y\n");
  CHECK(asker.answer() == Answer::yes);
}

TEST_CASE("a pipe answers with its lines") {
  CHECK(answer_of_pipe("y\n") == Answer::yes);
  CHECK(answer_of_pipe("y\r\n") == Answer::yes);
  CHECK(answer_of_pipe("yes") == Answer::yes);
  CHECK(answer_of_pipe("\n", Answer::yes) == Answer::yes);
  CHECK(answer_of_pipe("what\ny\n") == Answer::yes);
  CHECK(answer_of_pipe("what\nwhat\ny\n") == Answer::no);
  CHECK(answer_of_pipe("what\n") == Answer::end_of_input);
  CHECK(answer_of_pipe("") == Answer::end_of_input);
}

TEST_CASE("what follows the answer in a pipe is left for the next reader") {
  Pipe input;
  Pipe output;
  REQUIRE(::write(input.write_end.get(), "y\nrest", 6) == 6);
  input.write_end.reset();
  CHECK(Asker(input.read_end.get(), output.write_end.get(), Answer::no).answer() == Answer::yes);
  CHECK(read_to_end(input.read_end.get()) == "rest");
}
