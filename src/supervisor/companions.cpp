#include "supervisor/companions.hpp"

namespace devinit::supervisor {

using Kind = engine::ServiceMachine::EventKind;

Companions::Companions(boost::asio::io_context& loop, const std::string& root, const std::string& data, LostGuardians& lost,
                       Observer& observer)
    : hooks(loop, lost),
      drain(loop),
      liveness(loop, *this),
      limits(loop, *this),
      watcher(loop, root, *this),
      schedule(loop, [this](const std::string& service) { observer_.on_companion(service, {Kind::run}); }),
      tasks(data + "/tasks.json"),
      observer_(observer) {}

bool Companions::on_notification(const std::string& service, const Notification& message) {
  bool changed = false;
  for (const auto& [name, value] : message) {
    if (name == "STATUS") {
      changed = changed || status[service] != value;
      status[service] = value;
    } else if (name == "WATCHDOG" && value == "trigger") {
      on_unhealthy(service, "it says so itself (WATCHDOG=trigger)");
    } else if (name == "WATCHDOG") {
      liveness.alive(service);
    }
  }
  return changed;
}

std::string Companions::end_run(const std::string& service) {
  drain.forget(service);
  hooks.kill(service, HookKind::after_ready);
  liveness.forget(service);
  notify.erase(service);
  status.erase(service);
  return limits.forget(service);
}

void Companions::add_guardians(std::vector<os::ProcessIdentity>& guardians) const {
  liveness.add_guardians(guardians);
  hooks.add_guardians(guardians);
}

void Companions::forget(const std::string& service) {
  watcher.forget(service);
  schedule.forget(service);
}

void Companions::on_unhealthy(const std::string& service, const std::string& why) {
  observer_.on_remark("warning", service, "is not healthy: " + why);
  observer_.on_companion(service, {Kind::unhealthy, why});
}

void Companions::on_healthy(const std::string& service) {
  observer_.on_remark("info", service, "is healthy again");
  observer_.on_companion(service, {Kind::healthy});
}

void Companions::on_exceeded(const std::string& service, const std::string& text) {
  observer_.on_remark("warning", service, text + ": ending it");
  observer_.on_companion(service, {Kind::exceeded, text});
}

void Companions::on_limit_warning(const std::string& service, const std::string& text) { observer_.on_remark("warning", service, text); }

void Companions::on_files_changed(const std::string& service, const std::string& summary) {
  observer_.on_files_changed(service, summary);
}

void Companions::on_watch_problem(const std::string& service, const std::string& text) { observer_.on_remark("warning", service, text); }

}  // namespace devinit::supervisor
