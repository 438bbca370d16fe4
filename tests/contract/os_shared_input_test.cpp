#include <catch2/catch.hpp>

#include "os/shared_input.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::os {
namespace {

/// A process with `input` as its stdin, which it does not read, and which ends with the other end of `life`.
test::ChildProcess owner_of(int input, const test::Pipe& life) {
  SpawnRequest request;
  request.argv = {"/usr/bin/head", "-c1", "/dev/fd/3"};
  request.fds = {{input, 0}, {life.read_end.get(), 3}};
  return test::ChildProcess(request);
}

TEST_CASE("a pipe is read in the place of its owner, up to its end") {
  const test::Pipe life;
  test::Pipe input;
  const auto owner = owner_of(input.read_end.get(), life);
  REQUIRE(::write(input.write_end.get(), "text", 4) == 4);
  const auto shared = open_input_of(owner.pid());
  REQUIRE(shared.has_value());
  input.write_end.reset();
  CHECK(test::read_to_end(shared->get()) == "text");
}

TEST_CASE("a pipe whose writer is gone is at its end") {
  const test::Pipe life;
  test::Pipe input;
  const auto owner = owner_of(input.read_end.get(), life);
  input.write_end.reset();
  const auto shared = open_input_of(owner.pid());
  REQUIRE(shared.has_value());
  CHECK(test::read_to_end(shared->get()).empty());
}

TEST_CASE("a file is read from where its owner stands in it, and the owner stays there") {
  const test::TemporaryFolder folder;
  const test::Pipe life;
  const UniqueFd file(::open(folder.write("lines", "one\ntwo\n").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::lseek(file.get(), 4, SEEK_SET) == 4);
  const auto owner = owner_of(file.get(), life);
  const auto shared = open_input_of(owner.pid());
  REQUIRE(shared.has_value());
  CHECK(test::read_to_end(shared->get()) == "two\n");
  CHECK(::lseek(file.get(), 0, SEEK_CUR) == 4);
}

TEST_CASE("there is nothing to open of a process that is gone") {
  const test::Pipe life;
  auto owner = owner_of(life.read_end.get(), life);
  const auto pid = owner.pid();
  REQUIRE(::kill(pid, SIGKILL) == 0);
  owner.wait();
  CHECK_FALSE(open_input_of(pid).has_value());
}

}  // namespace
}  // namespace devinit::os
