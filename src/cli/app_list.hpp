#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "registry/requests.hpp"

namespace devinit::cli {

/// What `ports export` writes and `ports import` reads.
struct AppList {
  std::vector<registry::ImportRow> rows;  ///< `row`: the place of the app in the list, from 1
  std::vector<registry::ImportReservation> reservations;
  std::size_t of_other_hosts = 0;  ///< apps and reservations that were passed over
};

/// Larger than any list of all the ports of a machine.
inline constexpr std::size_t kLargestAppList = std::size_t{16} << 20;

/// Two forms, told apart by their first bracket: the array of the old port_config.json,
///     [{"model": "gpt-5", "app_number": 1, "backend_port": 5001, "frontend_port": 8001}]
/// and the full one, with any roles and with reservations:
///     {"apps": [{"model": "gpt-5", "app": 1, "ports": {"backend": 5001}}], "reservations": [{"name": "legacy", "first": 9000, "last": 9009}]}
/// Other keys are ignored: the old file has had several. An item of the full form with another `host` is passed over and counted, unless `host` is
/// empty. All mistakes at once (Errc::config, file:line:column).
[[nodiscard]] Result<AppList> parse_app_list(std::string_view text, const std::string& file, const std::string& host = {});

/// Apps with a backend and a frontend, one a line, in the old form. `left_out` (may be null) counts the leases that it has no words for.
[[nodiscard]] std::string old_form(const std::vector<registry::Lease>& leases, std::size_t* left_out);
/// All apps and reservations, in the full form; each app with its host. Projects are not in it: their
/// checkouts are of this machine.
[[nodiscard]] std::string full_form(const std::vector<registry::Lease>& leases);

}  // namespace devinit::cli
