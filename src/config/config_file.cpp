#include "config/config_file.hpp"

#include "config/config_sources.hpp"
#include "config/environment_reader.hpp"
#include "config/port_rules_reader.hpp"
#include "config/replicas.hpp"
#include "config/service_reader.hpp"
#include "config/text_encoding.hpp"
#include "config/validation.hpp"

namespace devinit::config {
namespace {

struct TopLevel {
  Draft& draft;
  SharedEnvironment shared;
  const JsonValue* env = nullptr;
};

constexpr std::array kConflictRules{
    Word<ConflictRule>{"ask", ConflictRule::ask}, Word<ConflictRule>{"kill", ConflictRule::kill},
    Word<ConflictRule>{"next", ConflictRule::next}, Word<ConflictRule>{"fail", ConflictRule::fail}};

void read_project_name(const JsonValue& value, TopLevel& top, Mistakes& mistakes) {
  const auto name = read_string(value, "project", mistakes);
  if (!name) return;
  constexpr std::size_t kLongest = 128;
  const bool printable =
      std::none_of(name->begin(), name->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; });
  if (!printable || name->size() > kLongest) {
    mistakes.add(value, "`project` must be one line of at most 128 bytes");
  } else {
    top.draft.config.name = *name;
  }
}

/// Every port once, in order: however many ranges a file repeats, there are no more than 65535.
std::vector<Port> ports_in(std::vector<PortRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const PortRange& a, const PortRange& b) { return a.first < b.first; });
  std::vector<Port> ports;
  unsigned next = 1;
  for (const PortRange& range : ranges) {
    for (next = std::max<unsigned>(next, range.first); next <= range.last; ++next) ports.push_back(static_cast<Port>(next));
  }
  return ports;
}

void read_automatic_ports(const JsonValue& value, TopLevel& top, Mistakes& mistakes) {
  ProjectConfig& config = top.draft.config;
  read_port_rules(value, config.port_rules, mistakes);
  config.automatic_range = config.port_rules.range;
  config.denied_ports = ports_in(config.port_rules.deny);
}

/// Names are judged when all services are known.
void read_profile(const std::string& name, const JsonValue& value, TopLevel& top, Mistakes& mistakes) {
  std::vector<std::string> members;
  for (auto& [service, at] : read_strings(value, "profiles." + name, mistakes)) {
    top.draft.profile_members.push_back({at, name, service});
    members.push_back(std::move(service));
  }
  if (value.kind == JsonValue::Kind::array && value.items.empty()) {
    mistakes.add(value, "the profile " + quoted(name) + " is empty", "name at least one service");
  }
  top.draft.config.profiles.emplace(name, std::move(members));
}

void read_profiles(const JsonValue& value, TopLevel& top, Mistakes& mistakes) {
  if (!expect_object(value, "profiles", mistakes)) return;
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, members] = value.members[i];
    const bool plain = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
                                            std::string::npos && name.front() != '-';
    if (!plain) {
      mistakes.add(position_of_key(value, i), quoted(name) + " cannot name a profile", "letters, digits, `-`, `_` and `.`");
    } else if (name == "all") {
      mistakes.add(position_of_key(value, i), "`all` cannot name a profile", "it means every service: devinit start all");
    }
    read_profile(name, members, top, mistakes);
  }
}

constexpr std::array<Field<TopLevel>, 10> kTopFields{{
    {"$schema", [](const JsonValue& value, TopLevel&, Mistakes& m) { static_cast<void>(read_string(value, "$schema", m)); }},
    {"project", read_project_name},
    // Followed and taken out before anything is read (config_sources.hpp).
    {"include", [](const JsonValue&, TopLevel&, Mistakes&) {}},
    {"env",
     [](const JsonValue& value, TopLevel& top, Mistakes& mistakes) {
       top.env = &value;
       read_env(value, top.draft, top.shared.env, mistakes);
     }},
    {"env_files", [](const JsonValue& value, TopLevel& top,
                     Mistakes& mistakes) { read_env_files(value, top.draft, top.shared.env_files, mistakes); }},
    {"runtime_env", [](const JsonValue& value, TopLevel& top, Mistakes& m) { read_runtime_env(value, top.draft, m); }},
    {"on_conflict",
     [](const JsonValue& value, TopLevel& top, Mistakes& mistakes) {
       top.draft.config.on_conflict = read_word(value, "on_conflict", kConflictRules, mistakes);
     }},
    {"ports", read_automatic_ports},
    {"profiles", read_profiles},
    // Read last, by `read_services`: every service begins with the environment of the top level, wherever that stands in the
    // file.
    {"services", [](const JsonValue&, TopLevel&, Mistakes&) {}},
}};

void read_services(const JsonValue& root, TopLevel& top, Mistakes& mistakes) {
  const JsonValue* services = root.find("services");
  if (services == nullptr) {
    mistakes.add(root, "`services` is missing", R"("services": {"backend": {"command": "npm start", "port": 8000}})");
    return;
  }
  if (!expect_object(*services, "services", mistakes)) return;
  if (services->members.empty()) mistakes.add(*services, "`services` is empty", "name at least one");
  for (std::size_t i = 0; i < services->members.size(); ++i) {
    const auto& [name, value] = services->members[i];
    read_service(name, position_of_key(*services, i), value, top.shared, top.draft, mistakes);
    const bool runs = top.draft.config.services.back().kind != ServiceKind::external;
    if (top.env != nullptr && runs) note_templates(*top.env, name, top.draft);
  }
}

void read_file(const JsonValue& root, Draft& draft, Mistakes& mistakes) {
  if (!expect_object(root, "devinit.json", mistakes)) return;
  TopLevel top{draft, {}, nullptr};
  read_fields(root, kTopFields, top, mistakes);
  read_services(root, top, mistakes);
  validate(draft, mistakes);
}

}  // namespace

Result<ProjectConfig> parse_config(std::string_view text, const std::string& file, const std::string& root_name,
                                   const Variables& variables, const ProjectFiles& files) {
  Mistakes mistakes(file);
  const auto root = read_config_sources(text, file, files, mistakes);
  Draft draft{variables, files};
  draft.config.name = root_name;
  draft.config.file = file;
  if (root) read_file(*root, draft, mistakes);
  if (!mistakes.list().empty()) return to_error(mistakes.list());
  expand_replicas(draft);
  draft.config.files = mistakes.files();
  return std::move(draft.config);
}

}  // namespace devinit::config
