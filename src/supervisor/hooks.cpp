#include "supervisor/hooks.hpp"

namespace devinit::supervisor {

void Hooks::run(const std::string& service, Result<os::SpawnRequest> request, Millis limit, Done done) {
  const auto id = ++last_id_;
  running_.emplace(id, Entry{service, nullptr, std::move(done)});
  auto launched = request ? GuardedCommand::launch(loop_, std::move(*request), limit, [this, id](const auto& ended) { end(id, ended); })
                          : Result<std::unique_ptr<GuardedCommand>>(request.error());
  if (launched) {
    running_.at(id).command = std::move(*launched);
    return;
  }
  boost::asio::post(loop_, [this, id, text = launched.error().message, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) end(id, {.code = {}, .timed_out = false, .text = text});
  });
}

bool Hooks::kill(const std::string& service) {
  bool any = false;
  for (auto& [id, entry] : running_) {
    if (entry.service != service) continue;
    any = true;
    if (entry.command) entry.command->kill();
  }
  return any;
}

void Hooks::add_guardians(std::vector<os::ProcessIdentity>& guardians) const {
  for (const auto& [id, entry] : running_) {
    if (entry.command) guardians.push_back(entry.command->guardian());
  }
}

void Hooks::end(std::uint64_t id, const GuardedCommand::Ended& ended) {
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  const auto entry = std::move(at->second);  // destroyed after its `done`, which may start the next one
  running_.erase(at);
  entry.done(ended);
}

}  // namespace devinit::supervisor
