#include "cli/ending.hpp"

#include <algorithm>
#include <utility>

namespace devinit::cli {

using engine::State;

Ending::Ending(std::vector<std::string> services, std::string source, bool abort_on_failure)
    : services_(std::move(services)), source_(std::move(source)), abort_on_failure_(abort_on_failure) {}

bool Ending::on(const engine::ServiceSnapshot& service) {
  if (culprit_ || std::ranges::find(services_, service.name) == services_.end()) return false;
  const bool is_source = service.name == source_;
  if (is_source && !engine::is_down(service.state)) source_seen_ = true;
  const bool ended = is_source && engine::is_down(service.state) && (source_seen_ || service.state == State::completed);
  const bool failed = service.state == State::failed && (abort_on_failure_ || is_source);
  if (!ended && !failed) return false;
  culprit_ = service;
  return true;
}

int Ending::exit_code() const noexcept {
  if (!culprit_ || culprit_->name != source_) return 1;
  if (culprit_->state == State::completed) return 0;
  const int fallback = culprit_->state == State::failed ? 1 : 0;
  const int code = culprit_->exit_code.value_or(fallback);
  // It failed, whatever its last process said: a probe or a hook has decided so.
  return culprit_->state == State::failed && code == 0 ? 1 : code;
}

}  // namespace devinit::cli
