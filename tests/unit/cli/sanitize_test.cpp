#include "cli/sanitize.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

TEST_CASE("foreign text cannot drive the terminal") {
  CHECK(sanitized("plain\ttext\nwith ünïcode ✓") == "plain\ttext\nwith ünïcode ✓");
  CHECK(sanitized("a\x1b[2Jb") == "ab");
  CHECK(sanitized("a\x1b]0;title\x07"
                  "b") == "ab");
  CHECK(sanitized("a\x1b]52;c;Zm9v\x1b\\b") == "ab");
  CHECK(sanitized("a\x1b(0b") == "ab");
  CHECK(sanitized("a\r\b\x7f") == "a???");
  CHECK(sanitized("a\xc2\x9b"
                  "2Jb") == "a?2Jb");
}

TEST_CASE("a sequence that never ends takes nothing but itself") {
  CHECK(sanitized("a\x1b") == "a");
  CHECK(sanitized("a\x1b[") == "a");
  CHECK(sanitized("a\x1b[31") == "a");
  CHECK(sanitized("a\x1b]0;never ended") == "a");
  CHECK(sanitized("\x1b]0;x\x1b[31mred") == "red");
}

TEST_CASE("a log line keeps its colours on a terminal and ends with a reset") {
  const char* line = "\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue";
  CHECK(sanitized_log_line(line, LogColors::keep) == "\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue\x1b[0m");
  CHECK(sanitized_log_line(line, LogColors::drop) == "red and blue");
  CHECK(sanitized_log_line("plain", LogColors::keep) == "plain");
}

TEST_CASE("a log line loses everything that is no colour") {
  CHECK(sanitized_log_line("a\x1b[2J\x1b[1;1Hb\r", LogColors::keep) == "ab");
  CHECK(sanitized_log_line("a\x1b[?25lb\x1b[>4;1mc", LogColors::keep) == "abc");
  CHECK(sanitized_log_line("tab\tstays\x07", LogColors::keep) == "tab\tstays");
  CHECK(sanitized_log_line("\x1bP$q\"p\x1b\\end", LogColors::keep) == "end");
}

}  // namespace
}  // namespace devinit::cli
