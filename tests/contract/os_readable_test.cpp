#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/readable.hpp"

namespace devinit::os {
namespace {

using std::chrono::milliseconds;

Pipe new_pipe() {
  auto pipe = make_pipe();
  REQUIRE(pipe.has_value());
  return std::move(*pipe);
}

TEST_CASE("wait_readable says which descriptor has something to read") {
  const auto silent = new_pipe();
  const auto loud = new_pipe();
  REQUIRE(::write(loud.write_end.get(), "x", 1) == 1);
  CHECK(wait_readable({silent.read_end.get(), -1, loud.read_end.get()}) == std::vector<bool>{false, false, true});
  CHECK(read_some(loud.read_end.get()).value() == "x");
}

TEST_CASE("wait_readable counts the end of file") {
  auto pipe = new_pipe();
  pipe.write_end.reset();
  CHECK(wait_readable({pipe.read_end.get()}) == std::vector<bool>{true});
  CHECK(read_some(pipe.read_end.get()).value().empty());
}

TEST_CASE("wait_readable gives up after its timeout") {
  const auto pipe = new_pipe();
  CHECK(wait_readable({pipe.read_end.get()}, milliseconds(0)) == std::vector<bool>{false});
  CHECK(wait_readable({pipe.read_end.get()}, milliseconds(5)) == std::vector<bool>{false});
}

}  // namespace
}  // namespace devinit::os
