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

TEST_CASE("wait_ready waits for one direction of a descriptor, or for the one that cancels") {
  const auto pipe = new_pipe();
  const auto cancel = new_pipe();
  const int in = pipe.read_end.get();
  const auto nothing = wait_ready(in, Readiness::readable, cancel.read_end.get(), milliseconds(0));
  CHECK_FALSE(nothing.ready);
  CHECK_FALSE(nothing.cancelled);
  CHECK(wait_ready(pipe.write_end.get(), Readiness::writable, -1, {}).ready);
  REQUIRE(::write(cancel.write_end.get(), "x", 1) == 1);
  const auto cancelled = wait_ready(in, Readiness::readable, cancel.read_end.get(), {});
  CHECK_FALSE(cancelled.ready);
  CHECK(cancelled.cancelled);
  REQUIRE(::write(pipe.write_end.get(), "x", 1) == 1);
  CHECK(wait_ready(in, Readiness::readable, -1, {}).ready);
}

}  // namespace
}  // namespace devinit::os
