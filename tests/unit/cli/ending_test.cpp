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

TEST_CASE("an up ends when the service that gives the exit code has ended") {
  Ending ending({"backend", "tests"}, "tests", false);
  CHECK_FALSE(ending.on(snapshot_of("backend", State::stopped)));
  CHECK_FALSE(ending.on(snapshot_of("tests", State::stopped)));
  CHECK_FALSE(ending.on(snapshot_of("tests", State::running)));
  CHECK(ending.on(ended("tests", State::failed, 3)));
  CHECK(ending.exit_code() == 3);
  CHECK_FALSE(ending.on(snapshot_of("backend", State::stopped)));
}

TEST_CASE("a completed task gives 0, also when it had nothing to do") {
  Ending ending({"tests"}, "tests", false);
  CHECK(ending.on(ended("tests", State::completed, std::nullopt)));
  CHECK(ending.exit_code() == 0);
}

TEST_CASE("a failure is never 0") {
  Ending ending({"tests"}, "tests", false);
  CHECK(ending.on(ended("tests", State::failed, 0)));
  CHECK(ending.exit_code() == 1);
}

TEST_CASE("a service that will be started again has not ended") {
  Ending ending({"tests"}, "tests", true);
  CHECK_FALSE(ending.on(snapshot_of("tests", State::starting)));
  CHECK_FALSE(ending.on(ended("tests", State::backing_off, 1)));
}

TEST_CASE("the first failure for good ends everything when that was asked for") {
  Ending ending({"backend", "worker"}, "", true);
  CHECK_FALSE(ending.on(snapshot_of("backend", State::ready)));
  CHECK_FALSE(ending.on(snapshot_of("stranger", State::failed)));
  CHECK(ending.on(ended("worker", State::failed, 7)));
  CHECK(ending.culprit()->name == "worker");
  CHECK(ending.exit_code() == 1);
}

TEST_CASE("nothing ends what nobody asked to end") {
  Ending ending({"backend"}, "", false);
  CHECK_FALSE(ending.on(snapshot_of("backend", State::failed)));
  CHECK_FALSE(ending.culprit());
}

}  // namespace
}  // namespace devinit::cli
