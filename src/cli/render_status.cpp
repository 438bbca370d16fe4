#include "cli/render_status.hpp"

#include <algorithm>

#include "base/counted.hpp"
#include "base/duration.hpp"
#include "cli/clock_time.hpp"
#include "cli/sanitize.hpp"

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;
using engine::State;

struct Row {
  std::string mark, name, state, port, pid, uptime, restarts, flaps, url;
};

std::string external_text(const ServiceSnapshot& service) {
  // What the supervisor probes has a state of its own; of a passive key nothing is known but whether somebody listens.
  const bool probed = service.kind == config::ServiceKind::external && service.wanted && !service.ready;
  if (probed) return std::string("external, ") + engine::to_string(service.state);
  return service.ready ? "external, listening" : "external, not listening";
}

std::string state_text(const ServiceSnapshot& service, std::int64_t now) {
  if (service.external) return external_text(service);
  std::string text = engine::to_string(service.state);
  std::ranges::replace(text, '_', ' ');
  if (service.state == State::scheduled && service.next_run != 0) text += ", next run " + clock_time(service.next_run, now);
  if (service.ready && !service.healthy) text += ", unhealthy";
  return text;
}

std::string port_text(const ServiceSnapshot& service) {
  std::string text = service.port ? std::to_string(*service.port) : "-";
  for (const auto& [name, port] : service.ports) text += " " + name + ":" + std::to_string(port);
  return text;
}

std::string uptime_text(const ServiceSnapshot& service, std::int64_t now) {
  const bool runs = service.state == State::ready || service.state == State::running;
  if (!runs || service.external || service.since <= 0) return "";
  const auto seconds = now - service.since;
  return seconds <= 0 ? "up <1s" : "up " + format_duration(std::chrono::seconds(seconds));
}

Row row_of(const ServiceSnapshot& service, std::int64_t now, bool unicode) {
  Row row;
  row.mark = mark_of(service, unicode);
  row.name = sanitized(service.name);
  row.state = state_text(service, now);
  row.port = port_text(service);
  row.pid = service.pid ? "pid " + std::to_string(*service.pid) : "";
  row.uptime = uptime_text(service, now);
  row.restarts = service.restarts > 0 ? counted(static_cast<std::size_t>(service.restarts), "restart") : "";
  row.flaps = service.flaps > 0 ? counted(static_cast<std::size_t>(service.flaps), "flap") : "";
  row.url = service.ready ? sanitized(service.url) : "";
  return row;
}

constexpr std::string Row::*kColumns[] = {&Row::name, &Row::state, &Row::port, &Row::pid, &Row::uptime, &Row::restarts, &Row::flaps};

std::string line_of(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < std::size(kColumns); ++i) {
    if (widths[i] == 0) continue;  // a column that no service uses
    const auto& cell = row.*kColumns[i];
    line += cell + std::string(widths[i] - cell.size() + 2, ' ');
  }
  line += row.url;
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

void add_lines(const std::string& text, Color color, const Output& output, std::vector<std::string>& lines) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back("    " + output.data_colored(color, text.substr(at, end - at)));
    at = end + 1;
  }
}

void add_details(const ServiceSnapshot& service, const Output& output, std::vector<std::string>& lines) {
  add_lines(sanitized(service.detail), Color::dim, output, lines);
  if (!service.status.empty()) add_lines("it says: " + sanitized(service.status), Color::dim, output, lines);
  const auto name = sanitized(service.name);
  if (service.stale) {
    add_lines("stale: it runs with an old port of another service; devinit restart " + name + " gives it the new one", Color::yellow, output, lines);
  }
  if (service.changed) add_lines("changed since start: devinit reload applies its new configuration", Color::yellow, output, lines);
}

}  // namespace

bool needs_attention(const ServiceSnapshot& service) noexcept {
  return service.stale || service.changed || (service.ready && !service.healthy) ||
         (service.state == State::ready && !service.external && !service.detail.empty());
}

std::string mark_of(const ServiceSnapshot& service, bool unicode) {
  if (service.external) return unicode ? (service.ready ? "✓" : "·") : (service.ready ? "+" : "-");
  if (service.ready) return needs_attention(service) ? (unicode ? "⚠" : "!") : (unicode ? "✓" : "+");
  switch (service.state) {
    case State::failed:
      return unicode ? "✗" : "x";
    case State::stopped:
      return service.detail.empty() ? (unicode ? "·" : "-") : (unicode ? "⚠" : "!");
    case State::completed:
    case State::scheduled:
      return unicode ? "✓" : "+";
    case State::waiting:
    case State::claiming:
    case State::starting:
    case State::ready:
    case State::backing_off:
    case State::stopping:
    case State::running:
      break;
  }
  return unicode ? "…" : "~";
}

Color color_of(const ServiceSnapshot& service) noexcept {
  if (needs_attention(service)) return Color::yellow;
  if (service.ready) return Color::green;
  switch (service.state) {
    case State::failed:
      return Color::red;
    case State::stopped:
      return Color::dim;
    case State::completed:
    case State::scheduled:
      return Color::green;
    case State::waiting:
    case State::claiming:
    case State::starting:
    case State::ready:
    case State::backing_off:
    case State::stopping:
    case State::running:
      break;
  }
  return Color::yellow;
}

std::vector<std::string> render_status(const engine::ProjectSnapshot& project, std::int64_t now, const Output& output) {
  std::vector<Row> rows;
  std::vector<std::size_t> widths(std::size(kColumns));
  for (const auto& service : project.services) {
    rows.push_back(row_of(service, now, output.style().unicode));
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], (rows.back().*kColumns[i]).size());
  }
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    lines.push_back(output.data_colored(color_of(project.services[i]), rows[i].mark) + " " + line_of(rows[i], widths));
    add_details(project.services[i], output, lines);
  }
  return lines;
}

namespace {

/// A task has done what it is for, a scheduled service is at work or waits for its time.
bool is_as_wanted(const ServiceSnapshot& service) noexcept {
  if (service.state == State::completed || service.state == State::scheduled) return true;
  if (service.kind == config::ServiceKind::scheduled && service.state == State::running) return true;
  return service.ready && service.healthy;
}

}  // namespace

int status_exit_code(const engine::ProjectSnapshot& project) noexcept {
  int wanted = 0;
  for (const auto& service : project.services) {
    if (service.external || !service.wanted) continue;
    ++wanted;
    if (!is_as_wanted(service)) return kExitNotAsWanted;
  }
  return wanted > 0 ? 0 : kExitNotAsWanted;
}

}  // namespace devinit::cli
