#include "cli/progress.hpp"

#include <algorithm>

#include "cli/clock_time.hpp"
#include "cli/render_status.hpp"
#include "cli/sanitize.hpp"
#include "cli/text_table.hpp"

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;
using engine::State;

/// A block taller than the screen cannot be rewritten in place.
constexpr std::size_t kMostLiveLines = 20;

std::string on_port(const ServiceSnapshot& service) { return service.port ? " on port " + std::to_string(*service.port) : ""; }

std::string because(const ServiceSnapshot& service) { return service.detail.empty() ? "" : ": " + service.detail; }

}  // namespace

std::string progress_text(const ServiceSnapshot& service) {
  switch (service.state) {
    case State::stopped:
      return "stopped" + because(service);
    case State::waiting:
      return "waiting" + (service.detail.empty() ? " for what it depends on" : because(service));
    case State::claiming:
      return "claiming its port";
    case State::starting:
      return "starting" + on_port(service) + (service.pid ? " (pid " + std::to_string(*service.pid) + ")" : "") +
             because(service);
    case State::ready:
      return (service.url.empty() ? "ready" + on_port(service) : "ready at " + service.url) + because(service);
    case State::backing_off:
      return "ended, will be started again" + because(service);
    case State::failed:
      return "failed" + because(service);
    case State::stopping:
      return "stopping" + because(service);
    case State::running:
      return "running" + (service.pid ? " (pid " + std::to_string(*service.pid) + ")" : "") + because(service);
    case State::completed:
      return "completed" + because(service);
    case State::scheduled:
      return "scheduled" + (service.next_run == 0 ? "" : ", next run " + clock_time(service.next_run, seconds_now())) + because(service);
  }
  return "";
}

std::string shortened(const std::string& text, std::size_t columns) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool continuation = (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
    if (!continuation && ++characters > columns) return text.substr(0, at);
  }
  return text;
}

void Progress::on(const api::ServiceChanged& event) {
  if (output_.style().quiet || output_.style().json) return;
  const auto known = std::ranges::find(services_, event.service.name, &ServiceSnapshot::name);
  const bool transition =
      known == services_.end() || known->state != event.service.state || known->detail != event.service.detail;
  if (known == services_.end()) {
    services_.push_back(event.service);
  } else {
    *known = event.service;
  }
  if (transition) waiting_for_.clear();
  if (live_ && services_.size() <= kMostLiveLines) {
    erase();
    draw();
  } else if (transition) {
    pause();
    output_.say(sanitized(event.service.name + ": " + progress_text(event.service)));
  }
}

void Progress::on(const api::Notice& event) {
  if (output_.style().quiet || output_.style().json) return;
  const auto text = (event.service.empty() ? "" : event.service + ": ") + event.text;
  if (event.level == "progress") return say_progress(sanitized(text));
  erase();
  if (event.level == "warning") {
    output_.warn(text);
  } else {
    output_.say(sanitized(text));
  }
  draw();
}

/// It is told again and again while nothing else happens.
void Progress::say_progress(const std::string& text) {
  if (text == waiting_for_) return;
  waiting_for_ = text;
  if (live_ && services_.size() <= kMostLiveLines) {
    erase();
    draw();
  } else {
    output_.say(text);
  }
}

void Progress::show_plainly() {
  pause();
  live_ = false;
}

void Progress::on(const api::PortMoved& event) {
  erase();
  const auto which = event.port_name.empty() ? event.service : event.service + "." + event.port_name;
  const auto text = which + " moves from port " + std::to_string(event.wanted) + " to port " + std::to_string(event.port) +
                    (event.reason.empty() ? "" : ": " + event.reason);
  output_.insist(output_.talk_colored(Color::yellow, output_.style().unicode ? "⚠" : "!") + " " +
                 output_.talk_colored(Color::bold, sanitized(text)));
  draw();
}

void Progress::pause() { drawn_ = 0; }

bool Progress::shows(const std::string& service) const {
  constexpr int kWideEnough = 60;  // or the URL is cut
  return live_ && output_.style().width >= kWideEnough && services_.size() <= kMostLiveLines && std::ranges::count(services_, service, &ServiceSnapshot::name) > 0;
}

void Progress::erase() {
  if (drawn_ > 0) output_.raw("\x1b[" + std::to_string(drawn_) + "A\r\x1b[J");
  drawn_ = 0;
}

void Progress::draw() {
  if (!live_ || services_.size() > kMostLiveLines || output_.style().quiet || output_.style().json) return;
  std::size_t width = 0;
  for (const auto& service : services_) width = std::max(width, service.name.size());
  const auto columns = static_cast<std::size_t>(std::max(20, output_.style().width));
  std::string block;
  for (const auto& service : services_) {
    auto text = sanitized(service.name) + std::string(width - service.name.size() + 2, ' ') + sanitized(progress_text(service));
    std::ranges::replace(text, '\n', ' ');
    block += output_.talk_colored(color_of(service), mark_of(service, output_.style().unicode)) + " " +
             shortened(text, columns - 3) + "\n";
  }
  drawn_ = services_.size();
  if (!waiting_for_.empty()) {
    block += "  " + shortened(one_line(waiting_for_), columns - 3) + "\n";
    ++drawn_;
  }
  output_.raw(block);
}

}  // namespace devinit::cli
