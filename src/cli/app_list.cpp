#include "cli/app_list.hpp"

#include <compare>
#include <map>

#include "api/json_writer.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;
using registry::OwnerKind;

struct AppKey {
  std::string host;  ///< two machines may have an app of the same name
  std::string model;
  std::int64_t app = 0;
  auto operator<=>(const AppKey&) const = default;
};
using PortsByRole = std::map<std::string, Port>;

std::map<AppKey, PortsByRole> apps_in(const std::vector<Lease>& leases) {
  std::map<AppKey, PortsByRole> apps;
  for (const auto& lease : leases) {
    if (lease.owner.kind == OwnerKind::app) apps[{lease.host, lease.owner.name, lease.owner.instance}].emplace(lease.owner.role, lease.port);
  }
  return apps;
}

/// Neighbouring ports of one name as ranges.
std::vector<registry::ImportReservation> reservations_in(const std::vector<Lease>& leases) {
  std::vector<registry::ImportReservation> reservations;
  for (const auto& lease : leases) {
    if (lease.owner.kind != OwnerKind::reserved) continue;
    const bool follows =
        !reservations.empty() && reservations.back().name == lease.owner.name && reservations.back().range.last + 1 == lease.port;
    if (follows) {
      reservations.back().range.last = lease.port;
    } else {
      reservations.push_back({lease.owner.name, {lease.port, lease.port}});
    }
  }
  return reservations;
}

void write_app(api::JsonWriter& writer, const AppKey& app, const PortsByRole& ports) {
  writer.begin_object();
  writer.member("host", app.host);
  writer.member("model", app.model);
  writer.member("app", app.app);
  writer.key("ports");
  writer.begin_object();
  for (const auto& [role, port] : ports) writer.member(role, port);
  writer.end_object();
  writer.end_object();
}

}  // namespace

std::string old_form(const std::vector<Lease>& leases, std::size_t* left_out) {
  std::string text;
  std::size_t written = 0;
  for (const auto& [app, ports] : apps_in(leases)) {
    const auto backend = ports.find("backend");
    const auto frontend = ports.find("frontend");
    if (backend == ports.end() || frontend == ports.end()) continue;
    api::JsonWriter writer;
    writer.begin_object();
    writer.member("model", app.model);
    writer.member("app_number", app.app);
    writer.member("backend_port", backend->second);
    writer.member("frontend_port", frontend->second);
    writer.end_object();
    text += (text.empty() ? "\n  " : ",\n  ") + writer.take();
    written += 2;
  }
  if (left_out != nullptr) *left_out = leases.size() - written;
  return "[" + text + (text.empty() ? "]" : "\n]");
}

std::string full_form(const std::vector<Lease>& leases) {
  api::JsonWriter writer;
  writer.begin_object();
  writer.key("apps");
  writer.begin_array();
  for (const auto& [app, ports] : apps_in(leases)) write_app(writer, app, ports);
  writer.end_array();
  writer.key("reservations");
  writer.begin_array();
  for (const auto& reservation : reservations_in(leases)) {
    writer.begin_object();
    writer.member("name", reservation.name);
    writer.member("first", reservation.range.first);
    writer.member("last", reservation.range.last);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return writer.take();
}

}  // namespace devinit::cli
