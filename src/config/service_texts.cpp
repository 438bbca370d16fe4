#include "config/service_texts.hpp"

namespace devinit::config {
namespace {

using Visit = std::function<void(std::string&)>;

void visit_command(Command& command, const Visit& visit) {
  if (auto* line = std::get_if<std::string>(&command)) {
    visit(*line);
  } else {
    for (auto& argument : std::get<std::vector<std::string>>(command)) visit(argument);
  }
}

void visit_probe(ProbeSpec& probe, const Visit& visit) {
  visit(probe.http_path);
  for (auto& header : probe.http_headers) visit(header.second);
  visit_command(probe.exec, visit);
  visit(probe.file);
}

}  // namespace

void visit_template_texts(ServiceConfig& service, const Visit& visit) {
  visit_command(service.command, visit);
  for (auto& variable : service.env) visit(variable.second);
  visit_probe(service.ready, visit);
  if (service.live) visit_probe(service.live->probe, visit);
  for (auto hook : {&HooksSpec::before_start, &HooksSpec::after_ready, &HooksSpec::before_stop, &HooksSpec::after_exit}) {
    visit(service.hooks.*hook);
  }
  if (service.stop.command) visit_command(*service.stop.command, visit);
}

}  // namespace devinit::config
