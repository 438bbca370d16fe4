#pragma once

#include <string>
#include <vector>

#include "engine/service_machine.hpp"

namespace devinit::engine {

/// The effect's name, as the contract spells it.
inline std::string text_of(ServiceMachine::Effect effect) {
  switch (effect) {
    case ServiceMachine::Effect::reclaim:
      return "reclaim";
    case ServiceMachine::Effect::spawn:
      return "spawn";
    case ServiceMachine::Effect::stop_tree:
      return "stop_tree";
    case ServiceMachine::Effect::kill_tree:
      return "kill_tree";
    case ServiceMachine::Effect::abandon:
      return "abandon";
    case ServiceMachine::Effect::close_fence:
      return "close_fence";
    case ServiceMachine::Effect::release:
      return "release";
    case ServiceMachine::Effect::schedule:
      return "schedule";
    case ServiceMachine::Effect::renew:
      return "renew";
  }
  return "?";
}

/// "reclaim+spawn"; empty when there is none.
inline std::string text_of(const std::vector<ServiceMachine::Effect>& effects) {
  std::string text;
  for (const auto effect : effects) text += (text.empty() ? "" : "+") + text_of(effect);
  return text;
}

}  // namespace devinit::engine
