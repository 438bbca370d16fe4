#include "config/field_reader.hpp"
#include "config/port_rules.hpp"
#include "config/port_rules_reader.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

/// A path that depends on the current folder would be another registry in every project.
void read_registry(const JsonValue& value, UserConfig& user, Mistakes& mistakes) {
  const auto registry = read_string(value, "registry", mistakes);
  if (!registry) return;
  const bool fixed = registry->front() == '/' || registry->rfind("~/", 0) == 0 || registry->find(':') != std::string::npos;
  if (!fixed) {
    mistakes.add(value, "`registry` must be a URL or an absolute path, not " + quoted(*registry),
                 "\"~/devinit/registry.db\" or \"postgresql://db.example.com/ports\"");
    return;
  }
  user.registry = *registry;
}

void read_lease_days(const JsonValue& value, UserConfig& user, Mistakes& mistakes) {
  constexpr int kMost = 36'500;
  user.lease_days = read_integer(value, "lease_days", 1, kMost, mistakes);
}

constexpr std::array<Field<UserConfig>, 4> kFields{{
    {"$schema", [](const JsonValue& value, UserConfig&, Mistakes& m) { static_cast<void>(read_string(value, "$schema", m)); }},
    {"registry", read_registry},
    {"lease_days", read_lease_days},
    {"ports", [](const JsonValue& value, UserConfig& user, Mistakes& m) { read_port_rules(value, user.ports, m); }},
}};

}  // namespace

Result<UserConfig> parse_user_config(std::string_view text, const std::string& file) {
  const JsonDocument document = parse_json(text, file, Comments::yes);
  Mistakes mistakes(file, document.diagnostics);
  UserConfig user;
  if (document.complete && expect_object(document.value, "the configuration", mistakes)) {
    read_fields(document.value, kFields, user, mistakes);
  }
  if (!mistakes.list().empty()) return to_error(mistakes.list());
  return user;
}

}  // namespace devinit::config
