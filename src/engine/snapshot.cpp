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
  }
  return "stopped";
}

std::optional<State> state_from_string(std::string_view text) noexcept {
  constexpr std::array kStates{State::stopped, State::waiting,     State::claiming, State::starting,
                               State::ready,   State::backing_off, State::failed,   State::stopping};
  for (const State state : kStates) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
}

}  // namespace devinit::engine
