#include "config/presets.hpp"

#include <algorithm>
#include <optional>

#include "base/assert.hpp"
#include "config/built_in_table.hpp"
#include "config/embedded.hpp"

namespace devinit::config {
namespace {

struct Table {
  std::vector<Preset> presets;
  std::vector<PackageManager> package_managers;
};

// The table is compiled in, so whatever is wrong with it is a bug of ours: every reader below asserts.

bool flag_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  if (value == nullptr) return false;
  ASSERT(value->kind == JsonValue::Kind::boolean);
  return value->boolean;
}

Port port_at(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.find(key);
  ASSERT(value != nullptr && value->kind == JsonValue::Kind::number);
  const std::optional<Port> port = parse_port(value->text);
  ASSERT(port.has_value());
  return *port;
}

void assert_keys(const JsonValue& object, std::initializer_list<std::string_view> known) {
  ASSERT(object.kind == JsonValue::Kind::object);
  for (const auto& [key, value] : object.members) ASSERT(std::find(known.begin(), known.end(), key) != known.end());
}

Clue read_clue(const JsonValue& value) {
  assert_keys(value, {"files", "texts", "dependencies", "scripts", "script_runs"});
  return {.files = texts_at(value, "files"),
          .texts = texts_at(value, "texts"),
          .dependencies = texts_at(value, "dependencies"),
          .scripts = texts_at(value, "scripts"),
          .script_runs = text_at(value, "script_runs")};
}

PrepareCheck read_prepare_check(const JsonValue& value) {
  assert_keys(value, {"missing", "satisfied_by", "search_upwards", "by_package_manager", "rules"});
  PrepareCheck check{.missing = text_at(value, "missing"),
                     .satisfied_by = texts_at(value, "satisfied_by"),
                     .search_upwards = flag_at(value, "search_upwards"),
                     .by_package_manager = flag_at(value, "by_package_manager"),
                     .rules = {}};
  if (const JsonValue* rules = value.find("rules")) {
    for (const JsonValue& rule : rules->items) check.rules.push_back({text_at(rule, "file"), text_at(rule, "command")});
  }
  return check;
}

PackageManager read_package_manager(const JsonValue& value) {
  assert_keys(value, {"name", "lock_files", "run", "run_with_args", "install", "install_unlocked"});
  return {.name = text_at(value, "name"),
          .lock_files = texts_at(value, "lock_files"),
          .run = text_at(value, "run"),
          .run_with_args = text_at(value, "run_with_args"),
          .install = text_at(value, "install"),
          .install_unlocked = text_at(value, "install_unlocked")};
}

Preset read_preset(const JsonValue& value, const JsonValue& prepare_checks) {
  assert_keys(value, {"name", "title", "role", "generic", "clues", "command", "port_args", "app_class", "default_port", "env",
                      "prepare"});
  Preset preset{.name = text_at(value, "name"),
                .title = text_at(value, "title"),
                .role = text_at(value, "role"),
                .generic = flag_at(value, "generic"),
                .clues = {},
                .command = text_at(value, "command"),
                .port_args = text_at(value, "port_args"),
                .app_class = text_at(value, "app_class"),
                .default_port = port_at(value, "default_port"),
                .env = {},
                .prepare = {}};
  for (const JsonValue& clue : member(value, "clues").items) preset.clues.push_back(read_clue(clue));
  if (const JsonValue* env = value.find("env")) {
    for (const auto& [name, text] : env->members) preset.env.emplace_back(name, text_of(text));
  }
  const std::string prepare = text_at(value, "prepare");
  if (!prepare.empty()) preset.prepare = read_prepare_check(member(prepare_checks, prepare));
  ASSERT(!preset.name.empty() && !preset.title.empty() && !preset.command.empty() && !preset.clues.empty());
  ASSERT(preset.role == "backend" || preset.role == "frontend");
  return preset;
}

Table read_table() {
  const JsonValue root = read_built_in(presets_json(), "presets.json");
  assert_keys(root, {"package_managers", "prepare_checks", "presets"});
  Table table;
  for (const JsonValue& value : member(root, "package_managers").items)
    table.package_managers.push_back(read_package_manager(value));
  for (const JsonValue& value : member(root, "presets").items) {
    table.presets.push_back(read_preset(value, member(root, "prepare_checks")));
  }
  ASSERT(!table.package_managers.empty() && !table.presets.empty());
  return table;
}

const Table& table() {
  static const Table table = read_table();
  return table;
}

}  // namespace

const std::vector<Preset>& presets() { return table().presets; }

const std::vector<PackageManager>& package_managers() { return table().package_managers; }

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return names;
}

}  // namespace devinit::config
