#include "supervisor/log_tail.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "support/temporary_folder.hpp"

namespace devinit::supervisor {
namespace {

struct Fixture {
  test::TemporaryFolder folder;
  std::string path = folder / "service.log";

  void append(const std::string& text) const { std::ofstream(path, std::ios::binary | std::ios::app) << text; }
  /// As a guardian does it: oldest first.
  void rotate() const {
    if (std::filesystem::exists(path + ".1")) std::filesystem::rename(path + ".1", path + ".2");
    std::filesystem::rename(path, path + ".1");
  }
};

std::vector<std::string> lines_of(LogTail& tail) {
  std::vector<std::string> lines;
  CHECK_FALSE(tail.read([&lines](std::string_view line) {
    lines.emplace_back(line);
    return false;
  }));
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a log tail tells complete lines from its start on, each once") {
  const Fixture log;
  log.append("of an earlier run\n");
  LogTail tail(log.path, std::filesystem::file_size(log.path));
  CHECK(lines_of(tail).empty());
  log.append("one\ntwo");
  CHECK(lines_of(tail) == Lines{"one"});
  log.append(" and a half\n\n");
  CHECK(lines_of(tail) == Lines{"two and a half", ""});
  CHECK(lines_of(tail).empty());
}

TEST_CASE("a log tail knows of a line that is not complete yet") {
  const Fixture log;
  LogTail tail(log.path, 0);
  CHECK(tail.unfinished().empty());
  log.append("one\nready");
  CHECK(lines_of(tail) == Lines{"one"});
  CHECK(tail.unfinished() == "ready");
  log.append("> ");
  CHECK(lines_of(tail).empty());
  CHECK(tail.unfinished() == "ready> ");
  log.append("go\n");
  CHECK(lines_of(tail) == Lines{"ready> go"});
  CHECK(tail.unfinished().empty());
}

TEST_CASE("a log tail reads a file that comes into being later from its beginning") {
  const Fixture log;
  LogTail tail(log.path, 100);
  CHECK(lines_of(tail).empty());
  log.append("first\n");
  CHECK(lines_of(tail) == Lines{"first"});
}

TEST_CASE("a log tail follows rotations, several at once, too") {
  const Fixture log;
  log.append("a\n");
  LogTail tail(log.path, 0);
  CHECK(lines_of(tail) == Lines{"a"});
  log.append("b\n");
  log.rotate();
  log.append("c\n");
  log.rotate();
  log.append("d\n");
  CHECK(lines_of(tail) == Lines{"b", "c", "d"});
}

TEST_CASE("a log tail that is stopped in the middle goes on behind that line") {
  const Fixture log;
  log.append("a\nb\nc\n");
  LogTail tail(log.path, 0);
  CHECK(tail.read([](std::string_view line) { return line == "b"; }));
  CHECK(lines_of(tail) == Lines{"c"});
}

TEST_CASE("a log tail cuts a line after 64 KB") {
  const Fixture log;
  LogTail tail(log.path, 0);
  const std::string longest(64 << 10, 'x');
  log.append(longest + longest + longest + "y\nshort\n");
  CHECK(lines_of(tail) == Lines{longest, "short"});
}

TEST_CASE("a log tail begins anew in a file that was truncated") {
  const Fixture log;
  log.append("a long first line\n");
  LogTail tail(log.path, 0);
  CHECK(lines_of(tail).size() == 1);
  std::ofstream(log.path, std::ios::binary | std::ios::trunc) << "new\n";
  CHECK(lines_of(tail) == Lines{"new"});
}

}  // namespace devinit::supervisor
