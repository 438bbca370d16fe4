#include "config/dependency_reader.hpp"

#include <set>

#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

constexpr std::array kConditions{
    Word<DependencyCondition>{"ready", DependencyCondition::ready},
    Word<DependencyCondition>{"started", DependencyCondition::started},
    Word<DependencyCondition>{"completed", DependencyCondition::completed},
    Word<DependencyCondition>{"completed_successfully", DependencyCondition::completed_successfully}};

constexpr std::array kLosses{Word<DependencyLoss>{"keep", DependencyLoss::keep},
                             Word<DependencyLoss>{"restart", DependencyLoss::restart},
                             Word<DependencyLoss>{"stop", DependencyLoss::stop}};

}  // namespace

void read_depends_on(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  std::set<std::string> seen;
  const auto add = [&](const std::string& name, Position at, DependencyCondition condition) {
    if (!seen.insert(name).second) {
      mistakes.add(at, "`depends_on` names " + quoted(name) + " twice");
      return;
    }
    target.service.depends_on.push_back({name, condition});
    target.draft.dependencies.push_back({at, target.service.name, name, condition});
  };
  if (value.kind != JsonValue::Kind::object) {
    for (const auto& [name, at] : read_strings(value, "depends_on", mistakes)) add(name, at, DependencyCondition::ready);
    return;
  }
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, item] = value.members[i];
    const auto condition = read_word(item, "depends_on." + name, kConditions, mistakes);
    add(name, position_of_key(value, i), condition.value_or(DependencyCondition::ready));
  }
}

void read_on_dependency_loss(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto loss = read_word(value, "on_dependency_loss", kLosses, mistakes);
  if (loss) target.service.on_dependency_loss = *loss;
}

}  // namespace devinit::config
