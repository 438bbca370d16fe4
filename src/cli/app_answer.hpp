#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/host.hpp"
#include "registry/requests.hpp"

namespace devinit::cli {

/// {"model":"gpt-5","app":1,"ports":{"backend":5001,"frontend":8001},"created":true,"pool":"default"}: what `ports get --json` and every line of
/// `ports get --batch` says.
[[nodiscard]] std::string app_json(const std::string& model, std::int64_t app, const registry::AppPorts& ports);

/// What to say when one of these new ports is where the kernel takes its own from: everything below was taken. Nothing when none is.
[[nodiscard]] std::optional<std::string> ephemeral_warning(const std::vector<registry::Lease>& leases, const registry::PortPolicy& policy);

/// What to say when new ports end with their host; nothing when they last.
[[nodiscard]] std::optional<std::string> ephemeral_host_warning(const registry::Host& host);

}  // namespace devinit::cli
