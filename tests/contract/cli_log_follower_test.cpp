#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/log_follower.hpp"
#include "os/readable.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::cli {
namespace {

using Lines = std::vector<std::string>;

void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app | std::ios::binary) << text; }

LogFollower follow(const test::TemporaryFolder& folder, const Lines& services, std::size_t last_lines) {
  auto follower = LogFollower::open(folder.path(), services, last_lines);
  REQUIRE(follower.has_value());
  return std::move(*follower);
}

/// "service:line" of everything that is there now.
Lines pumped(LogFollower& follower) {
  Lines lines;
  while (follower.pump(
      [&](const std::string& service, std::string_view line) { lines.push_back(service + ":" + std::string(line)); })) {
  }
  return lines;
}

TEST_CASE("the last lines are shown first") {
  const test::TemporaryFolder folder;
  folder.write("a.log", "one\ntwo\nthree\n");
  for (const auto& [count, expected] : std::vector<std::pair<std::size_t, Lines>>{
           {0, {}}, {1, {"a:three"}}, {2, {"a:two", "a:three"}}, {9, {"a:one", "a:two", "a:three"}}}) {
    auto follower = follow(folder, {"a"}, count);
    CHECK(pumped(follower) == expected);
  }
}

TEST_CASE("the last lines of a big file are found without reading all of it") {
  const test::TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "line " + std::to_string(i) + "\n";
  folder.write("a.log", text + "unfinished");
  auto follower = follow(folder, {"a"}, 3);
  CHECK(pumped(follower) == Lines{"a:line 199998", "a:line 199999"});
  Lines rest;
  follower.flush([&](const std::string&, std::string_view line) { rest.emplace_back(line); });
  CHECK(rest == Lines{"unfinished"});
}

TEST_CASE("what is appended follows, line by line") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "old\n");
  auto follower = follow(folder, {"a"}, 0);
  append(path, "new\nhal");
  CHECK(os::wait_readable({follower.fd()})[0]);
  CHECK(pumped(follower) == Lines{"a:new"});
  append(path, "f\n");
  CHECK(pumped(follower) == Lines{"a:half"});
}

TEST_CASE("a log that does not exist yet is read from its beginning") {
  const test::TemporaryFolder folder;
  auto follower = follow(folder, {"a", "b"}, 0);
  CHECK(pumped(follower).empty());
  folder.write("b.log", "first\n");
  CHECK(os::wait_readable({follower.fd()})[0]);
  CHECK(pumped(follower) == Lines{"b:first"});
}

TEST_CASE("rotation loses nothing and truncation starts over") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "old\n");
  auto follower = follow(folder, {"a"}, 0);
  append(path, "last of the old file\n");
  std::filesystem::rename(path, folder.path("a.log.1"));
  folder.write("a.log", "first of the new file\n");
  CHECK(pumped(follower) == Lines{"a:last of the old file", "a:first of the new file"});
  folder.write("a.log", "short\n");
  CHECK(pumped(follower) == Lines{"a:short"});
}

/// As a guardian does it: the oldest first, so that one name is vacant at any moment; the oldest of `keep` files is overwritten.
void rotate(const std::string& path, int keep) {
  std::error_code missing;
  for (int n = keep - 1; n >= 1; --n) {
    const auto from = n > 1 ? path + "." + std::to_string(n - 1) : path;
    std::filesystem::rename(from, path + "." + std::to_string(n), missing);
  }
  append(path, "");
}

/// Line after line, in many small files.
void write_rotating(const std::string& path, int lines, int lines_of_a_file, int keep) {
  for (int line = 0; line < lines; ++line) {
    if (line % lines_of_a_file == 0) rotate(path, keep);
    append(path, std::to_string(line) + "\n");
  }
}

std::string numbers(int count) {
  std::string text;
  for (int number = 0; number < count; ++number) text += std::to_string(number) + "\n";
  return text;
}

TEST_CASE("who is several rotations behind reads every file in its turn") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "old\n");
  auto follower = follow(folder, {"a"}, 0);
  append(path, "1\n");
  for (const char* line : {"2\n", "3\n", "4\n"}) {
    rotate(path, 9);
    append(path, line);
  }
  CHECK(pumped(follower) == Lines{"a:1", "a:2", "a:3", "a:4"});
  CHECK_FALSE(follower.lost());
}

TEST_CASE("a log that appears and is rotated before the first look is read from its first file on") {
  const test::TemporaryFolder folder;
  auto follower = follow(folder, {"a"}, 0);
  write_rotating(folder.path("a.log"), 6, 2, 9);
  CHECK(pumped(follower) == Lines{"a:0", "a:1", "a:2", "a:3", "a:4", "a:5"});
}

TEST_CASE("in the middle of a rotation the vacant name is passed over, or waited for") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "");
  auto follower = follow(folder, {"a"}, 0);
  write_rotating(path, 3, 1, 9);
  std::filesystem::rename(path + ".1", path + ".2");
  std::filesystem::rename(path, path + ".1");
  CHECK(pumped(follower) == Lines{"a:1", "a:2"});
  append(path, "3\n");
  CHECK(pumped(follower) == Lines{"a:3"});
}

TEST_CASE("what was overwritten before it was read is told, and the rest goes on") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "read\n");
  // The times decide what came later; a file's clock ticks in milliseconds.
  const auto now = std::filesystem::file_time_type::clock::now();
  std::filesystem::last_write_time(path, now - std::chrono::minutes(1));
  std::filesystem::last_write_time(folder.write("a.log.4", "stale\n"), now - std::chrono::minutes(2));
  auto follower = follow(folder, {"a"}, 0);
  write_rotating(path, 10, 1, 3);
  CHECK(pumped(follower) == Lines{"a:7", "a:8", "a:9"});
  CHECK(follower.lost());
}

TEST_CASE("a log that was deleted goes on with the new one, and nothing is lost") {
  const test::TemporaryFolder folder;
  folder.write("a.log.1", "older\n");
  const auto path = folder.write("a.log", "old\n");
  auto follower = follow(folder, {"a"}, 0);
  std::filesystem::remove(path);
  CHECK(pumped(follower).empty());
  folder.write("a.log", "new\n");
  CHECK(pumped(follower) == Lines{"a:new"});
  CHECK_FALSE(follower.lost());
}

TEST_CASE("a writer that rotates all the time loses no byte") {
  constexpr int kLines = 20'000;
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "");
  auto follower = LogFollower::open(folder.path(), {"a"}, 0, LogFollower::Unit::pieces);
  REQUIRE(follower.has_value());
  const auto expected = numbers(kLines);
  const std::jthread writer([&] { write_rotating(path, kLines, 100, 250); });
  std::string seen;
  while (seen.size() < expected.size()) {
    REQUIRE(os::wait_readable({follower->fd()}, std::chrono::seconds(60))[0]);
    while (follower->pump([&](const std::string&, std::string_view piece) { seen += piece; })) {
    }
  }
  CHECK(seen == expected);
  CHECK_FALSE(follower->lost());
}

TEST_CASE("as pieces the bytes come as they are, an unfinished line at once") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "old");
  auto follower = LogFollower::open(folder.path(), {"a"}, 0, LogFollower::Unit::pieces);
  REQUIRE(follower.has_value());
  const std::string bytes = "50%\r\x1b[0m\xff\n\n" + std::string(40'000, 'x');
  append(path, bytes);
  std::string seen;
  while (follower->pump([&](const std::string&, std::string_view piece) { seen += piece; })) {
  }
  CHECK(seen == bytes);
}

TEST_CASE("an endless line arrives in pieces") {
  const test::TemporaryFolder folder;
  const auto path = folder.write("a.log", "");
  auto follower = follow(folder, {"a"}, 0);
  append(path, std::string(40'000, 'x') + "\n");
  const auto lines = pumped(follower);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].size() + lines[1].size() + lines[2].size() == 40'000 + 3 * 2);
}

}  // namespace
}  // namespace devinit::cli
