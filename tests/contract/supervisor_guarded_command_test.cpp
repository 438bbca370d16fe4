#include "supervisor/guarded_command.hpp"

#include <catch2/catch.hpp>

#include "support/probe_fixture.hpp"

namespace devinit::supervisor {
namespace {

using std::chrono::milliseconds;

struct Fixture {
  test::Loop loop;
  test::Subreaper subreaper;
  test::TemporaryFolder folder;
  os::UniqueFd image = test::guardian_image();
  std::unique_ptr<GuardedCommand> command;
  std::optional<GuardedCommand::Ended> ended;

  void launch(const std::string& script, std::optional<Millis> limit = {}, const std::string& log = {}) {
    start(test::guarded_request(image.get(), script, folder.path(), log), limit);
  }
  void start(os::SpawnRequest request, std::optional<Millis> limit) {
    auto launched = GuardedCommand::launch(loop.io, std::move(request), limit, [this](const auto& how) {
      ended = how;
      command.reset();
    });
    if (!launched) FAIL(launched.error().message);
    command = std::move(*launched);
    CHECK_FALSE(ended.has_value());
  }
  GuardedCommand::Ended wait() {
    loop.run_until([this] { return ended.has_value(); });
    return *ended;
  }
};

}  // namespace

TEST_CASE("a guarded command tells how it ended, and may be destroyed by who is told") {
  Fixture fixture;
  fixture.launch("exit 0");
  CHECK(fixture.wait().success());
  fixture.ended.reset();
  fixture.launch("exit 3");
  CHECK(fixture.wait().code == 3);
  CHECK(fixture.ended->text == "exited with code 3");
  fixture.ended.reset();
  fixture.launch("kill -SEGV $$");
  CHECK_FALSE(fixture.wait().code.has_value());
}

TEST_CASE("what a guarded command leaves behind ends with it") {
  Fixture fixture;
  const auto pid_file = fixture.folder.path("pid");
  fixture.launch("setsid sleep 1000 & echo $! > pid; exit 0");
  CHECK(fixture.wait().success());
  CHECK_FALSE(os::process_stat(std::stoi(test::content_of(pid_file))).has_value());
}

TEST_CASE("a guarded command that goes on for too long is ended with all it started") {
  Fixture fixture;
  fixture.launch("trap '' TERM INT; sleep 1000 & echo $! > pid; wait", milliseconds(50));
  const auto ended = fixture.wait();
  CHECK(ended.timed_out);
  CHECK_FALSE(ended.success());
  CHECK(ended.text == "did not end within 50ms");
  const auto pid = test::content_of(fixture.folder.path("pid"));
  if (!pid.empty()) CHECK_FALSE(os::process_stat(std::stoi(pid)).has_value());
}

TEST_CASE("a guarded command is ended when it is destroyed, and says nothing more") {
  Fixture fixture;
  test::Fifo say(fixture.folder.path("say"));
  fixture.launch("echo $$ > say; exec sleep 1000");
  const auto process = os::identify(std::stoi(say.line()));
  REQUIRE(process.has_value());
  const auto guardian = fixture.command->guardian();
  fixture.command.reset();
  CHECK(os::wait_for_exit(*process, milliseconds(test::kPatienceMs)));
  CHECK(os::wait_for_exit(guardian, milliseconds(test::kPatienceMs)));
  fixture.loop.io.poll();
  CHECK_FALSE(fixture.ended.has_value());
}

TEST_CASE("a guarded command that cannot be executed says so") {
  Fixture fixture;
  auto request = test::guarded_request(fixture.image.get(), "", fixture.folder.path());
  for (auto& word : request.argv) {
    if (word == "/bin/sh") word = "/no/such/program";
  }
  fixture.start(std::move(request), {});
  CHECK_FALSE(fixture.wait().code.has_value());
  CHECK(fixture.ended->text == "cannot be executed: No such file or directory");
}

TEST_CASE("a guarded command whose guardian is killed is lost") {
  Fixture fixture;
  test::Fifo say(fixture.folder.path("say"));
  fixture.launch("echo $$ > say; exec sleep 1000");
  (void)say.line();
  REQUIRE(os::send_signal(fixture.command->guardian(), SIGKILL).has_value());
  CHECK(fixture.wait().text == "was lost: its guardian was killed");
  CHECK(fixture.ended->lost);
}

}  // namespace devinit::supervisor
