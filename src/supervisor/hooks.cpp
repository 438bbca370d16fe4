#include "supervisor/hooks.hpp"

#include <algorithm>

namespace devinit::supervisor {

const char* describe(HookKind kind) noexcept {
  switch (kind) {
    case HookKind::before_start: return "before_start hook";
    case HookKind::after_ready: return "after_ready hook";
    case HookKind::before_stop: return "before_stop hook";
    case HookKind::stop_command: return "stop command";
    case HookKind::after_exit: return "after_exit hook";
  }
  return "";
}

void Hooks::run(const std::string& service, HookKind kind, Result<os::SpawnRequest> request, std::optional<Millis> limit, Done done) {
  const auto id = ++last_id_;
  running_.emplace(id, Entry{service, kind, nullptr, std::move(done)});
  auto launched = request ? GuardedCommand::launch(loop_, std::move(*request), limit, [this, id](const auto& ended) { end(id, ended); })
                          : Result<std::unique_ptr<GuardedCommand>>(request.error());
  if (launched) {
    running_.at(id).command = std::move(*launched);
    return;
  }
  boost::asio::post(loop_, [this, id, text = launched.error().message, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) finish(id, {.code = {}, .timed_out = false, .text = text});
  });
}

void Hooks::kill(const std::string& service) {
  for (auto& [id, entry] : running_) {
    if (entry.service == service && entry.command) entry.command->kill();
  }
}

void Hooks::kill(const std::string& service, HookKind kind) {
  for (auto& [id, entry] : running_) {
    if (entry.service == service && entry.kind == kind && entry.command) entry.command->kill();
  }
}

bool Hooks::runs(const std::string& service) const { return oldest(service).has_value(); }

std::optional<Hooks::Running> Hooks::oldest(const std::string& service) const {
  const auto at = std::find_if(running_.begin(), running_.end(), [&](const auto& entry) { return entry.second.service == service; });
  if (at == running_.end()) return std::nullopt;
  Running running{at->second.kind, std::nullopt};
  if (at->second.command) running.guardian = at->second.command->guardian();
  return running;
}

void Hooks::when_idle(const std::string& service, std::function<void()> then) {
  if (!runs(service)) return then();
  waiting_.emplace(service, std::move(then));
}

void Hooks::add_guardians(std::vector<os::ProcessIdentity>& guardians) const {
  for (const auto& [id, entry] : running_) {
    if (entry.command) guardians.push_back(entry.command->guardian());
  }
}

/// What a killed guardian guarded belongs to the hook until it is gone.
void Hooks::end(std::uint64_t id, const GuardedCommand::Ended& ended) {
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  const auto command = std::move(at->second.command);  // it calls us: gone after this function
  if (!ended.lost) return finish(id, ended);
  lost_.add({}, [this, id, ended](bool survived) {
    auto told = ended;
    if (survived) told.text += ", and processes of it cannot be ended";
    finish(id, told);
  });
}

void Hooks::finish(std::uint64_t id, const GuardedCommand::Ended& ended) {
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  const auto entry = std::move(at->second);
  running_.erase(at);
  entry.done(ended);  // which may start the next one
  if (runs(entry.service)) return;
  std::vector<std::function<void()>> ready;
  const auto [first, last] = waiting_.equal_range(entry.service);
  for (auto waiter = first; waiter != last; ++waiter) ready.push_back(std::move(waiter->second));
  waiting_.erase(first, last);
  for (const auto& then : ready) then();
}

}  // namespace devinit::supervisor
