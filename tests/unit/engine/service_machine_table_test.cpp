// Every cell of state × event.
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "unit/engine/machine_run.hpp"

namespace devinit::engine {
namespace {

using Kind = ServiceMachine::EventKind;

/// One column per state. "." leaves state and world alone; "ready" changes the state; "failed/release" has an effect as well. The machine in
/// `running` and `completed` is a task's, in `scheduled` a scheduled service's, elsewhere a service's.
constexpr const char* kAtRestAndComingUp = R"(
                 stopped           claiming         waiting          starting                 ready               backing_off
start            claiming          .                .                .                        .                   claiming/reclaim
claimed          .                 waiting          .                .                        .                   .
claim_failed     .                 failed/release   .                .                        .                   .
deps_ready       .                 .                starting/spawn   .                        .                   .
deps_failed      .                 .                failed/release   .                        .                   .
spawned          .                 .                .                .                        .                   .
spawn_failed     .                 .                .                failed/release           failed/release      .
became_ready     .                 .                .                ready                    .                   .
leader_exited    .                 .                .                stopping/stop_tree       stopping/stop_tree  .
tree_empty       .                 .                .                backing_off/close_fence  claiming/reclaim    .
survivors        .                 .                .                failed/release           failed/release      .
deadline         .                 .                .                stopping/stop_tree       .                   claiming/reclaim
rejected         .                 .                .                stopping/stop_tree       .                   .
not_ready        .                 .                .                stopping/stop_tree       .                   .
unhealthy        .                 .                .                .                        stopping/stop_tree  .
healthy          .                 .                .                .                        .                   .
exceeded         .                 .                .                .                        .                   .
nothing_to_do    .                 .                .                .                        .                   .
run              claiming/reclaim  .                .                .                        .                   claiming/reclaim
lost_dependency  .                 .                .                stopping/stop_tree       stopping/stop_tree  stopped/release
stop             .                 stopped/release  stopped/release  stopping/stop_tree       stopping/stop_tree  stopped/release
restart          .                 .                .                stopping/stop_tree       stopping/stop_tree  claiming/reclaim
kill             .                 .                .                stopping/kill_tree       stopping/kill_tree  stopped/release
)";
constexpr const char* kElsewhere = R"(
                 failed            stopping            running                  completed         scheduled
start            claiming          .                   .                        claiming          .
claimed          .                 .                   .                        .                 .
claim_failed     .                 .                   .                        .                 .
deps_ready       .                 .                   .                        .                 .
deps_failed      .                 .                   .                        .                 .
spawned          .                 .                   .                        .                 .
spawn_failed     .                 stopped/release     failed/release           .                 .
became_ready     .                 .                   .                        .                 .
leader_exited    .                 .                   stopping/stop_tree       .                 .
tree_empty       .                 stopped/release     backing_off/close_fence  .                 .
survivors        .                 failed/release      failed/release           .                 .
deadline         .                 stopping/abandon    .                        .                 .
rejected         .                 .                   .                        .                 .
not_ready        .                 .                   .                        .                 .
unhealthy        .                 .                   .                        .                 .
healthy          .                 .                   .                        .                 .
exceeded         .                 .                   .                        .                 .
nothing_to_do    .                 .                   .                        .                 .
run              claiming/reclaim  .                   .                        claiming/reclaim  claiming/reclaim
lost_dependency  .                 .                   stopping/stop_tree       .                 .
stop             stopped/release   .                   stopping/stop_tree       stopped/release   stopped/release
restart          claiming/reclaim  .                   stopping/stop_tree       claiming/reclaim  claiming/reclaim
kill             stopped/release   stopping/kill_tree  stopping/kill_tree       stopped/release   stopped/release
)";
constexpr const char* kExternal = R"(
                 starting         ready
start            .                .
claimed          .                .
claim_failed     .                .
deps_ready       .                .
deps_failed      .                .
spawned          .                .
spawn_failed     failed/release   failed/release
became_ready     ready            .
leader_exited    .                .
tree_empty       .                .
survivors        .                .
deadline         failed/release   .
rejected         failed/release   failed/release
not_ready        .                .
unhealthy        .                starting
healthy          ready            .
exceeded         .                .
nothing_to_do    .                .
run              .                .
lost_dependency  stopped/release  stopped/release
stop             stopped/release  stopped/release
restart          .                .
kill             stopped/release  stopped/release
)";

const std::vector<std::pair<std::string, Kind>>& kinds() {
  static const std::vector<std::pair<std::string, Kind>> all{
      {"start", Kind::start},
      {"claimed", Kind::claimed},
      {"claim_failed", Kind::claim_failed},
      {"deps_ready", Kind::deps_ready},
      {"deps_failed", Kind::deps_failed},
      {"spawned", Kind::spawned},
      {"spawn_failed", Kind::spawn_failed},
      {"became_ready", Kind::became_ready},
      {"leader_exited", Kind::leader_exited},
      {"tree_empty", Kind::tree_empty},
      {"survivors", Kind::survivors},
      {"deadline", Kind::deadline},
      {"rejected", Kind::rejected},
      {"not_ready", Kind::not_ready},
      {"unhealthy", Kind::unhealthy},
      {"healthy", Kind::healthy},
      {"exceeded", Kind::exceeded},
      {"nothing_to_do", Kind::nothing_to_do},
      {"run", Kind::run},
      {"lost_dependency", Kind::lost_dependency},
      {"stop", Kind::stop},
      {"restart", Kind::restart},
      {"kill", Kind::kill},
  };
  return all;
}

/// Reads a table and compares every cell with what `make` of its state does.
template <class Make>
void check_table(const char* text, Make make) {
  std::istringstream table(text);
  std::string line;
  std::getline(table, line);
  std::getline(table, line);
  std::istringstream head(line);
  std::vector<State> states;
  for (std::string word; head >> word;) states.push_back(state_from_string(word).value());
  std::string word;
  for (const auto& [name, kind] : kinds()) {
    table >> word;
    REQUIRE(word == name);
    for (const auto state : states) {
      table >> word;
      INFO(name << " in " << to_string(state));
      Run run = make(state);
      REQUIRE(run.state() == state);
      const auto effects = run.send(kind);
      const std::string before = to_string(state);
      const std::string after = to_string(run.state());
      const auto seen = after == before && effects.empty() ? "." : after + (effects.empty() ? "" : "/" + effects);
      CHECK(seen == word);
    }
  }
  CHECK_FALSE(table >> word);
}

TEST_CASE("every event in every state does what the table says") {
  check_table(kAtRestAndComingUp, run_in);
  check_table(kElsewhere, run_in);
}

TEST_CASE("every event does to an external service what the table says") {
  check_table(kExternal, [](State state) {
    Run run(of_kind(config::ServiceKind::external));
    run.spawn();
    if (state == State::ready) run.send(Kind::became_ready);
    return run;
  });
}

}  // namespace
}  // namespace devinit::engine
