#include "cli/line_reader.hpp"

#include <catch2/catch.hpp>

#include "os/readable.hpp"
#include "os/write_all.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using Lines = std::vector<std::string>;

namespace {

Lines next(cli::LineReader& reader, std::size_t most) {
  auto lines = reader.next(most);
  REQUIRE(lines.has_value());
  return *lines;
}

}  // namespace

TEST_CASE("a line is handed out when nothing more waits behind it") {
  auto pipe = os::make_pipe();
  REQUIRE(pipe.has_value());
  cli::LineReader reader(pipe->read_end.get());
  REQUIRE(os::write_all(pipe->write_end.get(), "one\n"));
  CHECK(next(reader, 200) == Lines{"one"});
  REQUIRE(os::write_all(pipe->write_end.get(), "two\nthree\nhal"));
  CHECK(next(reader, 200) == Lines{"two", "three"});
  REQUIRE(os::write_all(pipe->write_end.get(), "f\n"));
  CHECK(next(reader, 200) == Lines{"half"});
}

TEST_CASE("many lines come in pieces, and the last one needs no newline") {
  auto pipe = os::make_pipe();
  REQUIRE(pipe.has_value());
  REQUIRE(os::write_all(pipe->write_end.get(), "a\n\nb\nc"));
  pipe->write_end.reset();
  cli::LineReader reader(pipe->read_end.get());
  CHECK(next(reader, 2) == Lines{"a", ""});
  CHECK(next(reader, 2) == Lines{"b", "c"});
  CHECK(next(reader, 2).empty());
  CHECK(next(reader, 2).empty());
}

TEST_CASE("a line that is too long is cut off, and the next one is read") {
  const test::TemporaryFolder folder;
  const auto file = os::open_to_read(folder.write("lines", std::string(3 * cli::kLongestLine, 'x') + "\nnext\n"));
  REQUIRE(file.has_value());
  cli::LineReader reader(file->get());
  const auto first = next(reader, 1);
  REQUIRE(first.size() == 1);
  CHECK(first[0].size() > cli::kLongestLine);
  CHECK(first[0].size() < 2 * cli::kLongestLine);
  CHECK(next(reader, 1) == Lines{"next"});
}
