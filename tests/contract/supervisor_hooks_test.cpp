#include "supervisor/hooks.hpp"

#include <catch2/catch.hpp>
#include <csignal>

#include "support/probe_fixture.hpp"

namespace devinit::supervisor {
namespace {

struct Fixture : LostGuardians::Observer {
  test::Loop loop;
  test::Subreaper subreaper;
  test::TemporaryFolder folder;
  os::UniqueFd image = test::guardian_image();
  LostGuardians lost{loop.io, *this};
  Hooks hooks{loop.io, lost};
  std::vector<std::string> told;

  [[nodiscard]] std::vector<os::ProcessIdentity> living_guardians() const override {
    std::vector<os::ProcessIdentity> guardians;
    hooks.add_guardians(guardians);
    return guardians;
  }
  void run(HookKind kind, const std::string& script) {
    hooks.run("web", kind, test::guarded_request(image.get(), script, folder.path()), {},
              [this, kind](const auto& ended) { told.push_back(std::string(describe(kind)) + " " + ended.text); });
  }
};

}  // namespace

TEST_CASE("who waits for a service's hooks is told after the last of them") {
  Fixture fixture;
  fixture.run(HookKind::before_stop, "exit 0");
  fixture.run(HookKind::after_ready, "exec sleep 1000");
  fixture.hooks.when_idle("web", [&] { fixture.told.emplace_back("idle"); });
  fixture.hooks.kill("web", HookKind::after_ready);
  fixture.loop.run_until([&] { return fixture.told.size() == 3; });
  CHECK(fixture.told.back() == "idle");
  CHECK(fixture.hooks.idle());
  fixture.hooks.when_idle("web", [&] { fixture.told.emplace_back("at once"); });
  CHECK(fixture.told.back() == "at once");
}

TEST_CASE("a hook whose guardian is killed runs until nothing of it is left") {
  Fixture fixture;
  test::Fifo say(fixture.folder.path("say"));
  fixture.run(HookKind::before_start, "setsid sh -c 'echo $$ > say; exec sleep 1000' & wait");
  const auto orphan = os::identify(std::stoi(say.line()));
  REQUIRE(orphan.has_value());
  const auto guardian = fixture.hooks.oldest("web")->guardian;
  REQUIRE(guardian.has_value());
  REQUIRE(os::send_signal(*guardian, SIGKILL).has_value());
  fixture.loop.run_until([&] { return !fixture.told.empty(); });
  CHECK(fixture.told.front() == "before_start hook was lost: its guardian was killed");
  CHECK_FALSE(os::is_alive(*orphan));
  CHECK(fixture.lost.empty());
}

}  // namespace devinit::supervisor
