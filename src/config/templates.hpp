#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/project_config.hpp"

namespace devinit::config {

/// The ports of the project once they are claimed; passive keys of .ports.json included (service "postgres", port name "").
using PortLookup = std::function<std::optional<Port>(const std::string& service, const std::string& port_name)>;

/// Replaces `{port}`, `{ports.NAME}` (of `self`), `{SERVICE.port}`, `{SERVICE.ports.NAME}`, `{SERVICE.url}`, `{host}`.
/// Everything else with braces is kept as it is: JSON with its `}}`, shell `${port}`, awk, `{{.Names}}`; only a doubled
/// template, `{{port}}`, stands for the text `{port}`. `self` empty: no `{port}` (project level). `host` is the service's
/// PortSpec::host; empty means 127.0.0.1. Errc::config for a template that resolves to nothing.
[[nodiscard]] Result<std::string> expand(std::string_view text, const std::string& self, const PortLookup& lookup,
                                         std::string_view host = {});

/// The text that expands to `text`: every template in it doubled.
[[nodiscard]] std::string without_templates(std::string_view text);

/// The text with the services of its templates renamed by `names`; what is not in there stays.
[[nodiscard]] std::string with_renamed_services(std::string_view text, const std::map<std::string, std::string>& names);

/// The template references of a text, as (service, port_name) with `self` resolved: what makes a running service stale when a
/// port changes. Each once, in the order of the text.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> references(std::string_view text, const std::string& self);

/// The lines of `.env.runtime`, in order, without the comments: BACKEND_PORT, FRONTEND_PORT …, then the URLs, then
/// NEXT_PUBLIC_API_URL and VITE_API_URL (the URL of `backend`, or of `api`, `server`, when there is one),
/// `<SERVICE>_<PORTNAME>_PORT` for named ports, `_PORT` for passive keys, then `runtime_env`. A later name replaces an earlier
/// one in its place. Ports that `lookup` does not know are left out. Errc::config for a value with a line break.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> runtime_variables(
    const ProjectConfig& config, const std::vector<std::pair<std::string, Port>>& passive, const PortLookup& lookup);

/// The whole text of `.env.runtime`: two comment lines, then NAME=value per line. Values without line breaks
/// (runtime_variables sees to that).
[[nodiscard]] std::string runtime_env_text(const std::vector<std::pair<std::string, std::string>>& variables);

/// "http://localhost:8000"; of a server that binds one address of the network only, "http://192.168.1.5:8000".
[[nodiscard]] std::string service_url(Port port, std::string_view host = {});

/// Parses an env file: `NAME=value`, `export NAME=value`, comments (a `#` at the start of a line or after a blank), single
/// quotes (as they are) and double quotes (with \n \r \t \" \\ \$), both over several lines. No variable is substituted. All
/// mistakes at once as Errc::config.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> parse_env_file(std::string_view text,
                                                                                      const std::string& file);

/// The same, with the line on which each variable begins: for messages about its value.
struct EnvEntry {
  std::string name;
  std::string value;
  int line = 0;
  std::size_t value_begin = 0;  ///< of the value as it is written in the text, quotes included
  std::size_t value_end = 0;    ///< without blanks and the comment behind it
};
[[nodiscard]] Result<std::vector<EnvEntry>> parse_env_entries(std::string_view text, const std::string& file);

/// The same, for who shows each mistake in its place. With mistakes the entries are those of the other lines, and no reason to
/// change the text: nobody knows what its author meant.
struct EnvDocument {
  std::vector<EnvEntry> entries;
  Diagnostics diagnostics;
};
[[nodiscard]] EnvDocument read_env(std::string_view text, const std::string& file);

}  // namespace devinit::config
