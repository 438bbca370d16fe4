#include "cli/wait_goal.hpp"

#include <catch2/catch.hpp>

#include "supervision_configuration.hpp"

namespace devinit::cli {
namespace {

using engine::State;

TEST_CASE("ready means proven ready, completed or watched by the clock") {
  for (const auto state : {State::ready, State::completed, State::scheduled}) {
    CHECK(standing_of(snapshot_of("a", state), WaitFor::ready) == Standing::met);
  }
  for (const auto state : {State::stopped, State::waiting, State::claiming, State::starting, State::backing_off, State::stopping, State::running}) {
    CHECK(standing_of(snapshot_of("a", state), WaitFor::ready) == Standing::pending);
  }
  auto nightly = snapshot_of("nightly", State::running);
  nightly.kind = config::ServiceKind::scheduled;
  CHECK(standing_of(nightly, WaitFor::ready) == Standing::met);
}

TEST_CASE("failed for good is lost for every goal but stopped") {
  const auto failed = snapshot_of("a", State::failed);
  CHECK(standing_of(failed, WaitFor::ready) == Standing::lost);
  CHECK(standing_of(failed, WaitFor::started) == Standing::lost);
  CHECK(standing_of(failed, WaitFor::completed) == Standing::lost);
  CHECK(standing_of(failed, WaitFor::stopped) == Standing::met);
}

TEST_CASE("started means that its first process runs") {
  auto service = snapshot_of("a", State::starting);
  CHECK(standing_of(service, WaitFor::started) == Standing::pending);
  service.pid = 12;
  CHECK(standing_of(service, WaitFor::started) == Standing::met);
  CHECK(standing_of(snapshot_of("a", State::running), WaitFor::started) == Standing::met);
  CHECK(standing_of(snapshot_of("a", State::waiting), WaitFor::started) == Standing::pending);
}

TEST_CASE("stopped means that nothing of it runs") {
  CHECK(standing_of(snapshot_of("a", State::stopped), WaitFor::stopped) == Standing::met);
  CHECK(standing_of(snapshot_of("a", State::completed), WaitFor::stopped) == Standing::met);
  CHECK(standing_of(snapshot_of("a", State::stopping), WaitFor::stopped) == Standing::pending);
}

TEST_CASE("completed is met by any end that has an exit code") {
  for (const auto state : {State::failed, State::stopped}) {
    auto ended = snapshot_of("a", state);
    ended.exit_code = 3;
    CHECK(standing_of(ended, WaitFor::completed) == Standing::met);
  }
  CHECK(standing_of(snapshot_of("a", State::completed), WaitFor::completed) == Standing::met);
  CHECK(standing_of(snapshot_of("a", State::stopped), WaitFor::completed) == Standing::pending);
}

TEST_CASE("one that is lost decides, one that is pending delays") {
  const auto ready = snapshot_of("a", State::ready);
  const auto starting = snapshot_of("b", State::starting);
  const auto failed = snapshot_of("c", State::failed);
  using Services = std::vector<engine::ServiceSnapshot>;
  CHECK(standing_of(Services{ready}, WaitFor::ready) == Standing::met);
  CHECK(standing_of(Services{ready, starting}, WaitFor::ready) == Standing::pending);
  CHECK(standing_of(Services{starting, failed, ready}, WaitFor::ready) == Standing::lost);
}

TEST_CASE("nobody to wait for means that nothing was started yet") {
  CHECK(standing_of(std::vector<engine::ServiceSnapshot>(), WaitFor::ready) == Standing::pending);
  CHECK(standing_of(std::vector<engine::ServiceSnapshot>(), WaitFor::stopped) == Standing::met);
}

TEST_CASE("without names a wait is about what is wanted") {
  engine::ProjectSnapshot project;
  project.services = {snapshot_of("a", State::ready), snapshot_of("b", State::stopped), snapshot_of("c", State::running)};
  project.services[2].kind = config::ServiceKind::task;
  const auto count = [&](WaitFor goal) { return awaited_services(project, {}, goal).size(); };
  CHECK(count(WaitFor::ready) == 2);
  CHECK(count(WaitFor::completed) == 1);
  CHECK(count(WaitFor::stopped) == 3);
}

TEST_CASE("a named service that nobody knows yet is pending") {
  const auto services = awaited_services({}, {"backend"}, WaitFor::ready);
  REQUIRE(services.size() == 1);
  CHECK(services[0].name == "backend");
  CHECK(standing_of(services, WaitFor::ready) == Standing::pending);
}

TEST_CASE("who is late is named with its state") {
  auto starting = snapshot_of("backend", State::starting);
  starting.detail = "nobody listens on port 8000";
  const auto text = pending_text({snapshot_of("a", State::ready), starting, snapshot_of("web", State::waiting)}, WaitFor::ready);
  CHECK(text == "backend is starting: nobody listens on port 8000, web is waiting for what it depends on");
  CHECK(pending_text({}, WaitFor::ready) == "nothing has been started");
}

}  // namespace
}  // namespace devinit::cli
