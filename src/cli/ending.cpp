#include "cli/ending.hpp"

#include <algorithm>
#include <utility>

namespace devinit::cli {

using engine::State;

Ending::Ending(std::vector<std::string> services, std::string source, bool abort_on_failure)
    : services_(std::move(services)), source_(std::move(source)), abort_on_failure_(abort_on_failure) {}

bool Ending::on(const api::Event& event) {
  if (const auto* changed = std::get_if<api::ServiceChanged>(&event)) return on(changed->service);
  const auto* done = std::get_if<api::Done>(&event);
  return done != nullptr && on(*done);
}

bool Ending::on(const engine::ServiceSnapshot& service) {
  if (over_ || culprit_ || !decides(service)) return false;
  culprit_ = service;
  // A start that loses one of its services ends by itself: `Done` is on its way.
  return ready_ || service.state != State::failed;
}

bool Ending::on(const api::Done& done) {
  over_ = !done.ok;
  if (over_) return false;
  ready_ = true;
  if (culprit_) return true;
  // A task that had nothing to do has not changed.
  return std::ranges::any_of(done.project.services, [this](const auto& service) { return on(service); });
}

bool Ending::decides(const engine::ServiceSnapshot& service) {
  if (std::ranges::find(services_, service.name) == services_.end()) return false;
  const bool is_source = service.name == source_;
  if (is_source && !engine::is_down(service.state)) source_seen_ = true;
  const bool ended = is_source && engine::is_down(service.state) && (source_seen_ || service.state == State::completed);
  return ended || (service.state == State::failed && (abort_on_failure_ || is_source));
}

int Ending::exit_code() const noexcept {
  if (!culprit_ || culprit_->name != source_) return 1;
  if (culprit_->state == State::completed) return 0;
  // Without a code it has never run, or was ended by somebody else: that is no success.
  const int code = culprit_->exit_code.value_or(1);
  // It failed, whatever its last process said: a probe or a hook has decided so.
  return culprit_->state == State::failed && code == 0 ? 1 : code;
}

}  // namespace devinit::cli
