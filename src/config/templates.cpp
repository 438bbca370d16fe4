#include "config/templates.hpp"

#include <algorithm>
#include <cctype>

namespace devinit::config {
namespace {

/// What a template asks for. An empty service is the service itself.
enum class Wanted { port, url, host };
struct Reference {
  Wanted wanted = Wanted::port;
  std::string service;
  std::string port_name;
};

/// One template in a text: `[begin, end)` includes the braces.
struct Template {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool doubled = false;
  std::string_view name;
  Reference reference;
};

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.'; }

/// The shapes of a template. Service names may hold dots, so the name is read from its end.
std::optional<Reference> classify(std::string_view name) {
  constexpr std::string_view kPorts = ".ports.";
  if (name == "port") return Reference{};
  if (name == "host") return Reference{Wanted::host, "", ""};
  if (name.starts_with("ports.") && name.size() > 6) return Reference{Wanted::port, "", std::string(name.substr(6))};
  const std::size_t ports = name.rfind(kPorts);
  if (ports != std::string_view::npos && ports > 0 && ports + kPorts.size() < name.size()) {
    return Reference{Wanted::port, std::string(name.substr(0, ports)), std::string(name.substr(ports + kPorts.size()))};
  }
  if (name.ends_with(".port") && name.size() > 5)
    return Reference{Wanted::port, std::string(name.substr(0, name.size() - 5)), ""};
  if (name.ends_with(".url") && name.size() > 4)
    return Reference{Wanted::url, std::string(name.substr(0, name.size() - 4)), ""};
  return std::nullopt;
}

/// The template whose brace stands at `brace`, or nothing when that group has another shape.
std::optional<Template> template_at(std::string_view text, std::size_t brace) {
  const std::size_t before = text.substr(0, brace).find_last_not_of('{');
  if (before != std::string_view::npos && text[before] == '$') return std::nullopt;
  const bool doubled = text.substr(brace).starts_with("{{");
  const std::size_t begin = brace + (doubled ? 2 : 1);
  const auto stop = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), is_name_char);
  const std::size_t end = static_cast<std::size_t>(stop - text.begin());
  if (!text.substr(end).starts_with(doubled ? "}}" : "}")) return std::nullopt;
  const std::string_view name = text.substr(begin, end - begin);
  std::optional<Reference> reference = classify(name);
  if (!reference) return std::nullopt;
  return Template{brace, end + (doubled ? 2 : 1), doubled, name, std::move(*reference)};
}

std::optional<Template> next_template(std::string_view text, std::size_t from) {
  for (std::size_t brace = text.find('{', from); brace != std::string_view::npos; brace = text.find('{', brace + 1)) {
    if (std::optional<Template> found = template_at(text, brace)) return found;
  }
  return std::nullopt;
}

Result<std::string> resolve(const Template& found, const std::string& self, const PortLookup& lookup, std::string_view host) {
  const Reference& reference = found.reference;
  const std::string shown = "`{" + std::string(found.name) + "}`";
  const std::string& service = reference.service.empty() ? self : reference.service;
  if (service.empty()) return Error(Errc::config, shown + " has no service to belong to here", "name one: `{backend.port}`");
  if (reference.wanted == Wanted::host) return std::string(host.empty() ? "127.0.0.1" : host);
  const std::optional<Port> port = lookup(service, reference.port_name);
  if (!port) {
    return Error(
        Errc::config, shown + " names no port of any service",
        "use the name of a service that has that port; `{{" + std::string(found.name) + "}}` stands for the text itself");
  }
  return reference.wanted == Wanted::url ? service_url(*port) : std::to_string(*port);
}

}  // namespace

Result<std::string> expand(std::string_view text, const std::string& self, const PortLookup& lookup, std::string_view host) {
  std::string expanded;
  std::size_t done = 0;
  while (const std::optional<Template> found = next_template(text, done)) {
    expanded += text.substr(done, found->begin - done);
    done = found->end;
    if (found->doubled) {
      expanded += "{" + std::string(found->name) + "}";
      continue;
    }
    TRY_ASSIGN(const std::string value, resolve(*found, self, lookup, host));
    expanded += value;
  }
  expanded += text.substr(done);
  return expanded;
}

std::string without_templates(std::string_view text) {
  std::string kept;
  std::size_t done = 0;
  while (const std::optional<Template> found = next_template(text, done)) {
    kept += text.substr(done, found->begin - done);
    kept += "{" + std::string(text.substr(found->begin, found->end - found->begin)) + "}";
    done = found->end;
  }
  kept += text.substr(done);
  return kept;
}

std::string with_renamed_services(std::string_view text, const std::map<std::string, std::string>& names) {
  std::string renamed;
  std::size_t done = 0;
  while (const std::optional<Template> found = next_template(text, done)) {
    const auto name = names.find(found->reference.service);
    if (found->doubled || name == names.end()) {
      renamed += text.substr(done, found->end - done);
    } else {
      renamed += text.substr(done, found->begin - done);
      renamed += "{" + name->second + std::string(found->name.substr(name->first.size())) + "}";
    }
    done = found->end;
  }
  renamed += text.substr(done);
  return renamed;
}

std::vector<std::pair<std::string, std::string>> references(std::string_view text, const std::string& self) {
  std::vector<std::pair<std::string, std::string>> all;
  std::size_t done = 0;
  while (const std::optional<Template> found = next_template(text, done)) {
    done = found->end;
    if (found->doubled || found->reference.wanted == Wanted::host) continue;
    std::pair<std::string, std::string> reference(found->reference.service.empty() ? self : found->reference.service,
                                                  found->reference.port_name);
    if (reference.first.empty() || std::find(all.begin(), all.end(), reference) != all.end()) continue;
    all.push_back(std::move(reference));
  }
  return all;
}

}  // namespace devinit::config
