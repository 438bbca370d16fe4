#include "engine/snapshot.hpp"

#include <catch2/catch.hpp>

namespace devinit::engine {
namespace {

TEST_CASE("the names of states are a contract, in both directions") {
  const std::vector<std::pair<State, std::string>> names{{State::stopped, "stopped"},   {State::waiting, "waiting"},
                                                         {State::claiming, "claiming"}, {State::starting, "starting"},
                                                         {State::ready, "ready"},       {State::backing_off, "backing_off"},
                                                         {State::failed, "failed"},     {State::stopping, "stopping"}};
  for (const auto& [state, name] : names) {
    CHECK(to_string(state) == name);
    CHECK(state_from_string(name) == state);
  }
  CHECK_FALSE(state_from_string(""));
  CHECK_FALSE(state_from_string("Ready"));
}

}  // namespace
}  // namespace devinit::engine
