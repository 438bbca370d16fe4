#pragma once

#include <string>

#include "config/service_config.hpp"

namespace devinit::config {

/// A short text (16 hexadecimal digits) that differs when anything differs that the configuration says of a service: how `status` sees that it was
/// edited since a service was started. The same in every build of one version; what is prepared in the folder does not count.
[[nodiscard]] std::string fingerprint(const ServiceConfig& service);

}  // namespace devinit::config
