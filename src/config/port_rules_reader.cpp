#include "config/port_rules_reader.hpp"

#include <map>
#include <tuple>

#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

constexpr const char* kNameRule = "letters, digits, `-`, `_` and `.`, at most 64";

/// The numbers of one role of one pool, and where the file says so.
struct PlacedRange {
  Position at;
  std::string pool;
  std::string role;
  PortRange range;
};

/// What can only be judged once the whole object is known.
struct RulesDraft {
  PortRules& rules;
  std::vector<PlacedRange> ranges;
  std::map<std::pair<std::string, std::int64_t>, Position> apps;  ///< where each app is named first
  std::map<Port, Position> app_ports;                             ///< where each port of an app is named first
};

struct RoleDraft {
  const std::string& what;
  PoolRole role;
  bool sound = true;  ///< all numbers are known
};

struct PoolDraft {
  Pool pool;
  RulesDraft& rules;
};

struct EntryDraft {
  AppEntry entry;
  RulesDraft& rules;
};

/// An array; `hint` shows one.
bool expect_array(const JsonValue& value, std::string_view what, std::string_view of, Mistakes& mistakes, std::string hint) {
  if (value.kind == Kind::array) return true;
  if (already_reported(value)) return false;
  mistakes.add(value, quoted(what) + " must be an array of " + std::string(of) + ", not " + describe_value(value),
               std::move(hint));
  return false;
}

void read_denied(const JsonValue& value, RulesDraft& draft, Mistakes& mistakes) {
  if (!expect_array(value, "ports.deny", "ports and ranges", mistakes, "for example [5000, \"7000-7010\"]")) return;
  for (const auto& item : value.items) {
    if (item.kind == Kind::string && !parse_port(item.text)) {
      if (const auto range = read_port_range(item, "ports.deny", mistakes)) draft.rules.deny.push_back(*range);
    } else if (const auto port = read_port(item, "ports.deny", mistakes)) {
      draft.rules.deny.push_back({*port, *port});
    }
  }
}

void assign_port(const JsonValue& value, const char* key, Port PoolRole::*member, RoleDraft& draft, Mistakes& mistakes) {
  const auto port = read_port(value, draft.what + "." + key, mistakes);
  draft.sound = draft.sound && port.has_value();
  if (port) draft.role.*member = *port;
}

constexpr std::array<Field<RoleDraft>, 3> kRoleFields{{
    {"start", [](const JsonValue& value, RoleDraft& draft,
                 Mistakes& mistakes) { assign_port(value, "start", &PoolRole::start, draft, mistakes); }},
    {"step", [](const JsonValue& value, RoleDraft& draft,
                Mistakes& mistakes) { assign_port(value, "step", &PoolRole::step, draft, mistakes); }},
    {"end", [](const JsonValue& value, RoleDraft& draft,
               Mistakes& mistakes) { assign_port(value, "end", &PoolRole::end, draft, mistakes); }},
}};

void read_pool_role(const std::string& name, const JsonValue& value, PoolDraft& draft, Mistakes& mistakes) {
  const std::string what = "roles." + name;
  if (!expect_object(value, what, mistakes)) return;
  RoleDraft role{what, {}};
  read_fields(value, kRoleFields, role, mistakes);
  if (value.find("start") == nullptr) {
    mistakes.add(value, quoted(what + ".start") + " is missing", R"({"start": 20000, "step": 2, "end": 20998})");
    return;
  }
  if (!role.sound) return;
  if (role.role.start > role.role.end) {
    mistakes.add(value, quoted(what) + " begins at " + std::to_string(role.role.start) + ", after its end " +
                            std::to_string(role.role.end));
    return;
  }
  draft.pool.roles.emplace(name, role.role);
  draft.rules.ranges.push_back({position_of(value), draft.pool.name, name, {role.role.start, role.role.end}});
}

void read_pool_roles(const JsonValue& value, PoolDraft& draft, Mistakes& mistakes) {
  if (!expect_object(value, "roles", mistakes)) return;
  if (value.members.empty()) mistakes.add(value, "`roles` is empty", "name at least one, such as backend");
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, role] = value.members[i];
    if (!is_role_name(name)) mistakes.add(position_of_key(value, i), quoted(name) + " cannot name a role", kNameRule);
    read_pool_role(name, role, draft, mistakes);
  }
}

std::vector<std::string> read_patterns(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  std::vector<std::string> patterns;
  for (auto& [text, at] : read_strings(value, what, mistakes)) patterns.push_back(std::move(text));
  return patterns;
}

constexpr std::array<Field<PoolDraft>, 3> kPoolFields{{
    {"models", [](const JsonValue& value, PoolDraft& draft,
                  Mistakes& mistakes) { draft.pool.models = read_patterns(value, "models", mistakes); }},
    {"projects", [](const JsonValue& value, PoolDraft& draft,
                    Mistakes& mistakes) { draft.pool.projects = read_patterns(value, "projects", mistakes); }},
    {"roles", read_pool_roles},
}};

void read_pools(const JsonValue& value, RulesDraft& draft, Mistakes& mistakes) {
  if (!expect_object(value, "ports.pools", mistakes)) return;
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, item] = value.members[i];
    if (!is_role_name(name)) {
      mistakes.add(position_of_key(value, i), quoted(name) + " cannot name a pool", kNameRule);
    } else if (name == "default") {
      mistakes.add(position_of_key(value, i), "a pool cannot be called `default`",
                   "that is where everybody else's ports come from");
    }
    if (!expect_object(item, "ports.pools." + name, mistakes)) continue;
    PoolDraft pool{{name, {}, {}, {}}, draft};
    read_fields(item, kPoolFields, pool, mistakes);
    if (item.find("roles") == nullptr) {
      mistakes.add(item, "`roles` of pool " + quoted(name) + " is missing",
                   R"("roles": {"backend": {"start": 20000, "step": 2, "end": 20998}})");
    }
    draft.rules.pools.push_back(std::move(pool.pool));
  }
}

void read_model(const JsonValue& value, EntryDraft& draft, Mistakes& mistakes) {
  const auto model = read_string(value, "model", mistakes);
  if (!model) return;
  constexpr std::size_t kLongest = 200;
  const bool printable =
      std::none_of(model->begin(), model->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; });
  if (!printable || model->size() > kLongest) {
    mistakes.add(value, "`model` must be one line of at most 200 bytes");
  } else {
    draft.entry.model = *model;
  }
}

void read_app(const JsonValue& value, EntryDraft& draft, Mistakes& mistakes) {
  const auto number = value.kind == Kind::number ? parse_app_number(value.text) : std::nullopt;
  if (number) {
    draft.entry.app = *number;
  } else if (!already_reported(value)) {
    mistakes.add(value, "`app` must be a whole number from 1 up, not " + describe_value(value));
  }
}

void read_app_ports(const JsonValue& value, EntryDraft& draft, Mistakes& mistakes) {
  if (!expect_object(value, "ports", mistakes)) return;
  if (value.members.empty()) mistakes.add(value, "`ports` is empty", R"({"backend": 5100, "frontend": 8100})");
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [role, item] = value.members[i];
    if (!is_role_name(role)) mistakes.add(position_of_key(value, i), quoted(role) + " cannot name a role", kNameRule);
    const auto port = read_port(item, "ports." + role, mistakes);
    if (!port) continue;
    draft.entry.ports.emplace(role, *port);
    const auto [first, is_new] = draft.rules.app_ports.emplace(*port, position_of(item));
    if (is_new) continue;
    mistakes.add(item, "port " + std::to_string(*port) + " belongs to two apps or roles",
                 "the first is in " + mistakes.line_of(first->second, position_of(item)));
  }
}

constexpr std::array<Field<EntryDraft>, 3> kEntryFields{{{"model", read_model}, {"app", read_app}, {"ports", read_app_ports}}};

void read_apps(const JsonValue& value, RulesDraft& draft, Mistakes& mistakes) {
  constexpr const char* kExample = R"({"model": "gpt-5", "app": 3, "ports": {"backend": 5100, "frontend": 8100}})";
  if (!expect_array(value, "ports.apps", "objects", mistakes, std::string("[") + kExample + "]")) return;
  for (const auto& item : value.items) {
    if (!expect_object(item, "ports.apps", mistakes)) continue;
    EntryDraft draft_entry{{}, draft};
    read_fields(item, kEntryFields, draft_entry, mistakes);
    for (const auto& field : kEntryFields) {
      if (item.find(field.key) == nullptr) mistakes.add(item, quoted(field.key) + " of an app is missing", kExample);
    }
    AppEntry& entry = draft_entry.entry;
    if (entry.model.empty() || entry.app == 0) continue;
    const auto [first, is_new] = draft.apps.emplace(std::pair(entry.model, entry.app), position_of(item));
    if (!is_new) {
      mistakes.add(item, "app " + std::to_string(entry.app) + " of model " + quoted(entry.model) + " is named twice",
                   "the first is in " + mistakes.line_of(first->second, position_of(item)));
    }
    draft.rules.apps.push_back(std::move(entry));
  }
}

constexpr std::array<Field<RulesDraft>, 4> kRulesFields{{
    {"range", [](const JsonValue& value, RulesDraft& draft,
                 Mistakes& mistakes) { draft.rules.range = read_port_range(value, "ports.range", mistakes); }},
    {"deny", read_denied},
    {"pools", read_pools},
    {"apps", read_apps},
}};

void report_overlap(const PlacedRange& one, const PlacedRange& other, Mistakes& mistakes) {
  const auto place = [](const PlacedRange& range) { return std::tie(range.at.file, range.at.line, range.at.column); };
  const bool in_order = place(one) < place(other);
  const PlacedRange& first = in_order ? one : other;
  const PlacedRange& second = in_order ? other : one;
  const auto text = [](const PlacedRange& placed) {
    return quoted(placed.role) + " of pool " + quoted(placed.pool) + " (" + std::to_string(placed.range.first) + "-" +
           std::to_string(placed.range.last) + ")";
  };
  mistakes.add(second.at, text(second) + " overlaps " + text(first),
               "a port belongs to one pool: give one of them another `start` or `end`");
}

/// Roles of one pool may share their numbers, pools may not. A sweep upward; `reach` is what extends furthest, and the furthest of
/// another pool than that.
void check_overlaps(std::vector<PlacedRange> ranges, Mistakes& mistakes) {
  std::sort(ranges.begin(), ranges.end(), [](const PlacedRange& a, const PlacedRange& b) {
    return std::tie(a.range.first, a.at.line, a.at.column) < std::tie(b.range.first, b.at.line, b.at.column);
  });
  const PlacedRange* reach = nullptr;
  const PlacedRange* runner_up = nullptr;
  for (const PlacedRange& each : ranges) {
    const PlacedRange* other = reach != nullptr && reach->pool == each.pool ? runner_up : reach;
    if (other != nullptr && other->range.last >= each.range.first) report_overlap(*other, each, mistakes);
    if (reach == nullptr || each.range.last > reach->range.last) {
      if (reach != nullptr && reach->pool != each.pool) runner_up = reach;
      reach = &each;
    } else if (each.pool != reach->pool && (runner_up == nullptr || each.range.last > runner_up->range.last)) {
      runner_up = &each;
    }
  }
}

}  // namespace

void read_port_rules(const JsonValue& value, PortRules& rules, Mistakes& mistakes) {
  if (!expect_object(value, "ports", mistakes)) return;
  RulesDraft draft{rules, {}, {}, {}};
  read_fields(value, kRulesFields, draft, mistakes);
  check_overlaps(std::move(draft.ranges), mistakes);
}

}  // namespace devinit::config
