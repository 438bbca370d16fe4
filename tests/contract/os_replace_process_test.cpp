#include "os/replace_process.hpp"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::os {
namespace {

/// Exit code and output of a process that has become `argv`; 200 plus the error's code when it could not.
std::pair<int, std::string> become(const std::vector<std::string>& argv, const Environment& environment) {
  test::Pipe output;
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::dup2(output.write_end.get(), 1);
    ::signal(SIGPIPE, SIG_IGN);
    const auto error = replace_process(argv, environment);
    ::_exit(200 + static_cast<int>(error.code));
  }
  test::ChildProcess child(pid);
  output.write_end.reset();
  auto text = test::read_to_end(output.read_end.get());
  return {child.wait().code().value_or(-1), std::move(text)};
}

const Environment& path() {
  static const Environment environment{{"PATH", "/usr/bin:/bin"}};
  return environment;
}

TEST_CASE("a process becomes the command, with that environment and no other") {
  auto environment = path();
  environment["GREETING"] = "hello";
  CHECK(become({"env"}, environment) == std::pair(0, std::string("GREETING=hello\nPATH=/usr/bin:/bin\n")));
  CHECK(become({"sh", "-c", "exit 7"}, path()).first == 7);
}

TEST_CASE("it does not ignore the signals that we ignored") {
  CHECK(become({"sh", "-c", "kill -PIPE $$"}, path()).first == -1);
}

TEST_CASE("a script without a first line of its own is the shell's") {
  const test::TemporaryFolder folder;
  const auto script = folder.write("script", "echo \"$0 $1\"\n", 0755);
  CHECK(become({script, "word"}, path()) == std::pair(0, script + " word\n"));
}

TEST_CASE("what cannot be executed is told apart from what does not exist") {
  const test::TemporaryFolder folder;
  CHECK(become({"no-such-command-anywhere"}, path()).first == 200 + static_cast<int>(Errc::not_found));
  CHECK(become({folder.path("nothing")}, path()).first == 200 + static_cast<int>(Errc::not_found));
  CHECK(become({folder.write("data", "text", 0644)}, path()).first == 200 + static_cast<int>(Errc::io));
}

}  // namespace
}  // namespace devinit::os
