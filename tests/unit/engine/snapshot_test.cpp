#include "engine/snapshot.hpp"

#include <catch2/catch.hpp>

namespace devinit::engine {
namespace {

TEST_CASE("the names of states are a contract, in both directions") {
  const std::vector<std::pair<State, std::string>> names{{State::stopped, "stopped"},   {State::waiting, "waiting"},
                                                         {State::claiming, "claiming"}, {State::starting, "starting"},
                                                         {State::ready, "ready"},       {State::backing_off, "backing_off"},
                                                         {State::failed, "failed"},     {State::stopping, "stopping"},
                                                         {State::running, "running"},   {State::completed, "completed"},
                                                         {State::scheduled, "scheduled"}};
  for (const auto& [state, name] : names) {
    CHECK(to_string(state) == name);
    CHECK(state_from_string(name) == state);
  }
  CHECK_FALSE(state_from_string(""));
  CHECK_FALSE(state_from_string("Ready"));
}

TEST_CASE("the names of failures are a contract, and an unknown one is any failure") {
  const std::vector<std::pair<FailureCode, std::string>> names{{FailureCode::other, "other"},
                                                               {FailureCode::command_not_found, "command_not_found"},
                                                               {FailureCode::command_denied, "command_denied"},
                                                               {FailureCode::wrong_port, "wrong_port"},
                                                               {FailureCode::hook_failed, "hook_failed"},
                                                               {FailureCode::dependency, "dependency"},
                                                               {FailureCode::out_of_memory, "out_of_memory"}};
  for (const auto& [code, name] : names) {
    CHECK(to_string(code) == name);
    CHECK(failure_code_from_string(name) == code);
  }
  CHECK(failure_code_from_string("") == FailureCode::other);
  CHECK(failure_code_from_string("eaten_by_a_dog") == FailureCode::other);
}

}  // namespace
}  // namespace devinit::engine
