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

Lines lines_of(const engine::ProjectSnapshot& before, const engine::ProjectSnapshot& after) { return summary_lines(reload_summary(before, after)); }

TEST_CASE("what runs on is not mentioned") {
  const auto same = project({running("a", 1), snapshot_of("b", State::stopped)});
  CHECK(lines_of(same, same) == Lines{"nothing has changed"});
}

TEST_CASE("another process is a restart, and each change has its line") {
  const auto before = project({running("a", 1), running("b", 2), running("old", 3), running("gone", 4)});
  const auto after = project({running("a", 11), running("b", 12), running("new", 5), snapshot_of("gone", State::stopped)});
  CHECK(lines_of(before, after) == Lines{"restarted a, b", "started new", "stopped gone, old"});
}

TEST_CASE("a task that was done again has run") {
  auto done = snapshot_of("migrate", State::completed);
  done.timeline.spawned = 100;
  auto again = done;
  again.timeline.spawned = 200;
  CHECK(lines_of(project({done}), project({again})) == Lines{"ran migrate"});
  CHECK(lines_of(project({done}), project({done})) == Lines{"nothing has changed"});
  CHECK(lines_of(project({}), project({done})) == Lines{"ran migrate"});
}

TEST_CASE("a new version that does not come up has failed") {
  auto failed = snapshot_of("a", State::failed);
  CHECK(lines_of(project({running("a", 1)}), project({failed})) == Lines{"failed a"});
  CHECK(lines_of(project({failed}), project({failed})) == Lines{"nothing has changed"});
}

TEST_CASE("who runs with an outdated port is named") {
  auto stale = running("web", 1);
  stale.stale = true;
  const auto summary = reload_summary(project({running("web", 1), running("api", 2)}), project({stale, running("api", 3)}));
  CHECK(summary.restarted == Lines{"api"});
  CHECK(summary.stale == Lines{"web"});
  CHECK(summary_lines(summary).back().starts_with("stale web: "));
  CHECK(summary_json(summary) ==
        R"({"event":"reload","restarted":["api"],"updated":[],"started":[],"ran":[],"stopped":[],"failed":[],"stale":["web"]})");
}

TEST_CASE("services of others do not count") {
  auto redis = running("redis", 1);
  redis.external = true;
  CHECK(lines_of(project({}), project({redis})) == Lines{"nothing has changed"});
}

}  // namespace
}  // namespace devinit::cli
