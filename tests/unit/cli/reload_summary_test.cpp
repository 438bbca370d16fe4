#include "cli/reload_summary.hpp"

#include <catch2/catch.hpp>

#include "supervision_configuration.hpp"

namespace devinit::cli {
namespace {

using engine::State;
using Lines = std::vector<std::string>;

engine::ServiceSnapshot running(const std::string& name, pid_t pid) {
  auto snapshot = snapshot_of(name, State::ready);
  snapshot.pid = pid;
  return snapshot;
}

engine::ProjectSnapshot project(std::vector<engine::ServiceSnapshot> services) {
  engine::ProjectSnapshot made;
  made.services = std::move(services);
  return made;
}

TEST_CASE("what runs on is not mentioned") {
  const auto same = project({running("a", 1), snapshot_of("b", State::stopped)});
  CHECK(reload_summary(same, same) == Lines{"nothing has changed"});
}

TEST_CASE("another process is a restart, and each change has its line") {
  const auto before = project({running("a", 1), running("b", 2), running("old", 3), running("gone", 4)});
  const auto after = project({running("a", 11), running("b", 12), running("new", 5), snapshot_of("gone", State::stopped)});
  CHECK(reload_summary(before, after) == Lines{"restarted a, b", "started new", "stopped gone, old"});
}

TEST_CASE("a task that was done again has run") {
  auto done = snapshot_of("migrate", State::completed);
  done.timeline.spawned = 100;
  auto again = done;
  again.timeline.spawned = 200;
  CHECK(reload_summary(project({done}), project({again})) == Lines{"ran migrate"});
  CHECK(reload_summary(project({done}), project({done})) == Lines{"nothing has changed"});
  CHECK(reload_summary(project({}), project({done})) == Lines{"ran migrate"});
}

TEST_CASE("services of others do not count") {
  auto redis = running("redis", 1);
  redis.external = true;
  CHECK(reload_summary(project({}), project({redis})) == Lines{"nothing has changed"});
}

}  // namespace
}  // namespace devinit::cli
