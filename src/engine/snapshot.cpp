#include "engine/snapshot.hpp"

#include <array>
#include <string_view>

namespace devinit::engine {

const char* to_string(State state) noexcept {
  switch (state) {
    case State::stopped:
      return "stopped";
    case State::waiting:
      return "waiting";
    case State::claiming:
      return "claiming";
    case State::starting:
      return "starting";
    case State::ready:
      return "ready";
    case State::backing_off:
      return "backing_off";
    case State::failed:
      return "failed";
    case State::stopping:
      return "stopping";
    case State::running:
      return "running";
    case State::completed:
      return "completed";
    case State::scheduled:
      return "scheduled";
  }
  return "stopped";
}

std::optional<State> state_from_string(std::string_view text) noexcept {
  constexpr std::array kStates{State::stopped, State::waiting,     State::claiming, State::starting,
                               State::ready,   State::backing_off, State::failed,   State::stopping,
                               State::running, State::completed,   State::scheduled};
  for (const State state : kStates) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
}

const char* to_string(FailureCode code) noexcept {
  switch (code) {
    case FailureCode::other:
      return "other";
    case FailureCode::command_not_found:
      return "command_not_found";
    case FailureCode::command_denied:
      return "command_denied";
    case FailureCode::wrong_port:
      return "wrong_port";
    case FailureCode::hook_failed:
      return "hook_failed";
    case FailureCode::dependency:
      return "dependency";
    case FailureCode::out_of_memory:
      return "out_of_memory";
  }
  return "other";
}

FailureCode failure_code_from_string(std::string_view text) noexcept {
  for (const auto code : {FailureCode::command_not_found, FailureCode::command_denied, FailureCode::wrong_port,
                          FailureCode::hook_failed, FailureCode::dependency, FailureCode::out_of_memory}) {
    if (text == to_string(code)) return code;
  }
  return FailureCode::other;
}

}  // namespace devinit::engine
