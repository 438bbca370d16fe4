#pragma once

#include <functional>

#include "config/service_config.hpp"

namespace devinit::config {

/// Calls `visit` with every text of a service in which templates are filled, so that it can change them: command, values of
/// `env`, probes, hooks and the stop command.
void visit_template_texts(ServiceConfig& service, const std::function<void(std::string&)>& visit);

}  // namespace devinit::config
