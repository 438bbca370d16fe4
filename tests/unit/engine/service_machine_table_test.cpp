// Every cell of state × event.
#include <array>
#include <catch2/catch.hpp>
#include <sstream>

#include "unit/engine/machine_run.hpp"

namespace devinit::engine {
namespace {

using Kind = ServiceMachine::EventKind;

constexpr std::array kStates{State::stopped, State::claiming,    State::waiting, State::starting,
                             State::ready,   State::backing_off, State::failed,  State::stopping};

/// One column per state. "." leaves state and world alone; "ready" changes the state; "failed/release" has an effect as well.
constexpr const char* kTable = R"(
                stopped   claiming         waiting           starting             ready                backing_off        failed           stopping
start           claiming  .                .                 .                    .                    claiming/reclaim   claiming         .
claimed         .         waiting          .                 .                    .                    .                  .                .
claim_failed    .         failed/release   .                 .                    .                    .                  .                .
deps_ready      .         .                starting/spawn    .                    .                    .                  .                .
deps_failed     .         .                failed/release    .                    .                    .                  .                .
spawned         .         .                .                 .                    .                    .                  .                .
spawn_failed    .         .                .                 failed/release       failed/release       .                  .                stopped/release
became_ready    .         .                .                 ready                .                    .                  .                .
leader_exited   .         .                .                 stopping/stop_tree   stopping/stop_tree   .                  .                .
tree_empty      .         .                .                 backing_off/close_fence  claiming/reclaim .                  .                stopped/release
survivors       .         .                .                 failed/release       failed/release       .                  .                failed/release
deadline        .         .                .                 stopping/stop_tree   .                    claiming/reclaim   .                stopping/abandon
rejected        .         .                .                 stopping/stop_tree   .                    .                  .                .
stop            .         stopped/release  stopped/release   stopping/stop_tree   stopping/stop_tree   stopped/release    stopped/release  .
restart         .         .                .                 stopping/stop_tree   stopping/stop_tree   claiming/reclaim   .                .
kill            .         .                .                 stopping/kill_tree   stopping/kill_tree   stopped/release    stopped/release  stopping/kill_tree
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
      {"stop", Kind::stop},
      {"restart", Kind::restart},
      {"kill", Kind::kill},
  };
  return all;
}

TEST_CASE("every event in every state does what the table says") {
  std::istringstream table(kTable);
  std::string word;
  for (const auto state : kStates) {
    table >> word;
    REQUIRE(word == to_string(state));
  }
  for (const auto& [name, kind] : kinds()) {
    table >> word;
    REQUIRE(word == name);
    for (const auto state : kStates) {
      table >> word;
      INFO(name << " in " << to_string(state));
      auto run = run_in(state);
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

}  // namespace
}  // namespace devinit::engine
