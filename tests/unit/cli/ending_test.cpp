#include "cli/ending.hpp"

#include <catch2/catch.hpp>

#include "supervision_configuration.hpp"

namespace devinit::cli {
namespace {

using engine::State;

engine::ServiceSnapshot ended(const std::string& name, State state, std::optional<int> code) {
  auto snapshot = snapshot_of(name, state);
  snapshot.exit_code = code;
  return snapshot;
}

api::Event changed(engine::ServiceSnapshot snapshot) { return api::ServiceChanged{std::move(snapshot)}; }

api::Event done(bool ok, std::vector<engine::ServiceSnapshot> services = {}) {
  api::Done event;
  event.ok = ok;
  event.project.services = std::move(services);
  return event;
}

TEST_CASE("an up ends when the service that gives the exit code has ended") {
  Ending ending({"backend", "tests"}, "tests", false);
  CHECK_FALSE(ending.on(changed(snapshot_of("backend", State::stopped))));
  CHECK_FALSE(ending.on(changed(snapshot_of("tests", State::stopped))));
  CHECK_FALSE(ending.on(changed(snapshot_of("tests", State::running))));
  CHECK_FALSE(ending.on(done(true)));
  CHECK(ending.on(changed(ended("tests", State::failed, 3))));
  CHECK(ending.exit_code() == 3);
  CHECK_FALSE(ending.on(changed(snapshot_of("backend", State::stopped))));
}

TEST_CASE("a completed task gives 0, also when it had nothing to do") {
  Ending ending({"tests"}, "tests", false);
  CHECK(ending.on(changed(ended("tests", State::completed, std::nullopt))));
  CHECK(ending.exit_code() == 0);
}

TEST_CASE("a failure is never 0") {
  Ending ending({"tests"}, "tests", false);
  CHECK_FALSE(ending.on(changed(ended("tests", State::failed, 0))));
  CHECK(ending.exit_code() == 1);
}

TEST_CASE("a service that will be started again has not ended") {
  Ending ending({"tests"}, "tests", true);
  CHECK_FALSE(ending.on(changed(snapshot_of("tests", State::starting))));
  CHECK_FALSE(ending.on(changed(ended("tests", State::backing_off, 1))));
}

TEST_CASE("the first failure for good ends everything when that was asked for") {
  Ending ending({"backend", "worker"}, "", true);
  CHECK_FALSE(ending.on(changed(snapshot_of("backend", State::ready))));
  CHECK_FALSE(ending.on(changed(snapshot_of("stranger", State::failed))));
  CHECK_FALSE(ending.on(done(true)));
  CHECK(ending.on(changed(ended("worker", State::failed, 7))));
  CHECK(ending.culprit()->name == "worker");
  CHECK(ending.exit_code() == 1);
}

TEST_CASE("what never ran or was stopped is no success") {
  for (const auto state : {State::stopped, State::failed}) {
    Ending ending({"tests"}, "tests", false);
    CHECK_FALSE(ending.on(changed(snapshot_of("tests", State::waiting))));
    static_cast<void>(ending.on(changed(snapshot_of("tests", state))));
    CHECK(ending.culprit());
    CHECK(ending.exit_code() == 1);
  }
}

TEST_CASE("a start that fails ends by itself") {
  Ending ending({"database", "tests"}, "tests", true);
  CHECK_FALSE(ending.on(changed(snapshot_of("database", State::failed))));
  CHECK(ending.culprit()->name == "database");
  CHECK_FALSE(ending.on(done(false)));
  CHECK_FALSE(ending.on(changed(snapshot_of("tests", State::stopped))));
}

TEST_CASE("a failure that a start gets over is known once all is ready") {
  Ending ending({"tests", "web"}, "tests", false);
  CHECK_FALSE(ending.on(changed(snapshot_of("tests", State::running))));
  CHECK_FALSE(ending.on(changed(ended("tests", State::failed, 4))));
  CHECK(ending.on(done(true)));
  CHECK(ending.exit_code() == 4);
}

TEST_CASE("a task that was done before has not to change to count") {
  Ending ending({"tests"}, "tests", false);
  CHECK(ending.on(done(true, {ended("tests", State::completed, std::nullopt)})));
  CHECK(ending.exit_code() == 0);
}

TEST_CASE("nothing ends what nobody asked to end") {
  Ending ending({"backend"}, "", false);
  CHECK_FALSE(ending.on(changed(snapshot_of("backend", State::failed))));
  CHECK_FALSE(ending.culprit());
}

}  // namespace
}  // namespace devinit::cli
