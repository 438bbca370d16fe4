// What the engine knows of the configuration: the services, their order and the graph between them.
#include <algorithm>

#include "engine/engine.hpp"

namespace devinit::engine {

/// Takes over the configuration of a request. What runs keeps the settings it was started with, until it is restarted.
void Engine::adopt_configuration(const StartRequest& request) {
  std::vector<std::string> order;
  std::set<std::string> present;
  for (const auto& plan : request.services) {
    const auto& name = plan.config.name;
    order.push_back(name);
    present.insert(name);
    auto* known = find(name);
    if (known == nullptr) {
      const auto seed = seed_ + static_cast<std::uint32_t>(services_.size() * 7919);
      known = &services_.try_emplace(name, plan, seed).first->second;
    } else if (known->down()) {
      known->take_over(plan);
    }
    known->removed = false;
  }
  for (const auto& name : order_) {
    if (present.contains(name)) continue;
    services_.at(name).removed = true;
    any_removed_ = true;
    order.push_back(name);
  }
  order_ = std::move(order);
  ports_now_.reset();
  forget_removed();
  link();
}

/// Ties dependencies to the services they name. One that is not known is not ours to wait for.
void Engine::link() {
  externals_.clear();
  for (std::size_t i = 0; i < order_.size(); ++i) {
    auto& service = services_.at(order_[i]);
    service.rank = i;
    service.needs.clear();
    service.dependents.clear();
    if (service.is(config::ServiceKind::external)) externals_.push_back(&service);
  }
  for (const auto& name : order_) {
    auto& service = services_.at(name);
    for (const auto& need : service.plan.config.depends_on) {
      auto* other = find(need.service);
      if (other == nullptr) continue;
      service.needs.push_back({other, need.condition});
      other->dependents.push_back({&service, need.condition});
    }
  }
}

/// What the step under way still wants something of is remembered until the next one: whoever carries that out asks for its configuration.
void Engine::forget_removed() {
  if (!any_removed_) return;
  any_removed_ = false;
  std::set<std::string> busy;
  for (const auto& effect : effects_) {
    const auto* what = std::get_if<ServiceEffect>(&effect);
    if (what != nullptr && what->effect != MachineEffect::release) busy.insert(what->service);
  }
  const auto before = order_.size();
  std::erase_if(order_, [&](const std::string& name) {
    auto& service = services_.at(name);
    any_removed_ = any_removed_ || service.removed;
    if (!service.removed || !service.down() || busy.contains(name)) return false;
    std::replace(news_.begin(), news_.end(), &service, static_cast<Entry*>(nullptr));
    for (const auto& operation : operations_) {
      if (operation->phase == Operation::Phase::waiting && operation->has_target(name)) operation->surveyed = false;
    }
    if (service.armed) deadlines_.erase({*service.armed, &service});
    services_.erase(name);
    return true;
  });
  if (order_.size() == before) return;
  ports_now_.reset();
  link();
}

/// Targets and all they depend on, in configuration order. What is disabled is started by its own name only.
std::vector<std::string> Engine::with_dependencies(const std::vector<std::string>& targets) const {
  std::set<std::string> wanted;
  std::vector<std::string> pending = targets;
  while (!pending.empty()) {
    const auto name = pending.back();
    pending.pop_back();
    const auto* service = find(name);
    if (service == nullptr || !wanted.insert(name).second) continue;
    for (const auto& [need, condition] : service->needs) {
      if (!need->plan.config.disabled) pending.push_back(need->name());
    }
  }
  std::vector<std::string> result;
  for (const auto& name : order_) {
    if (wanted.contains(name)) result.push_back(name);
  }
  return result;
}

}  // namespace devinit::engine
