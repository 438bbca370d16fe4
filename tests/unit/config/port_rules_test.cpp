#include "config/port_rules.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "config/config_file.hpp"
#include "config/embedded.hpp"
#include "config/json_reader.hpp"
#include "unit/config/memory_files.hpp"

namespace devinit::config {
namespace {

UserConfig user(std::string_view text) {
  const auto parsed = parse_user_config(text, "config.json");
  INFO((parsed ? std::string() : parsed.error().message));
  REQUIRE(parsed.has_value());
  return *parsed;
}

std::string mistakes(std::string_view text) {
  const auto parsed = parse_user_config(text, "config.json");
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::config);
  return parsed.error().message;
}

bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

constexpr const char* kFull = R"({
  // for all projects
  "$schema": "user-config.schema.json",
  "registry": "~/ports.db",
  "lease_days": 14,
  "ports": {
    "range": "4000-4999",
    "deny": [5000, "7000-7002"],
    "pools": {
      "claude": {
        "models": ["anthropic*", "claude"],
        "roles": { "backend": { "start": 20000, "step": 2, "end": 20998 }, "frontend": { "start": 20001, "step": 2, "end": 20999 } }
      },
      "shop": { "projects": ["shop-*"], "roles": { "backend": { "start": 21000 } } }
    },
    "apps": [{ "model": "gpt-5", "app": 3, "ports": { "backend": 5100, "frontend": 8100 } }]
  }
})";

}  // namespace

TEST_CASE("the user's configuration is read in every detail") {
  const UserConfig config = user(kFull);
  CHECK(config.registry == "~/ports.db");
  CHECK(config.lease_days == 14);
  CHECK(config.ports.range == PortRange{4000, 4999});
  CHECK(config.ports.deny == std::vector<PortRange>{{5000, 5000}, {7000, 7002}});
  REQUIRE(config.ports.pools.size() == 2);
  const Pool& claude = config.ports.pools[0];
  CHECK(claude.name == "claude");
  CHECK(claude.models == std::vector<std::string>{"anthropic*", "claude"});
  CHECK(claude.roles.at("backend").start == 20000);
  CHECK(claude.roles.at("backend").step == 2);
  CHECK(claude.roles.at("backend").end == 20998);
  const PoolRole& open_ended = config.ports.pools[1].roles.at("backend");
  CHECK(open_ended.step == 1);
  CHECK(open_ended.end == 65535);
  REQUIRE(config.ports.apps.size() == 1);
  CHECK(config.ports.apps[0].model == "gpt-5");
  CHECK(config.ports.apps[0].app == 3);
  CHECK(config.ports.apps[0].ports == std::map<std::string, Port>{{"backend", 5100}, {"frontend", 8100}});
}

TEST_CASE("an empty user's configuration sets nothing") {
  const UserConfig config = user("{}");
  CHECK(config.registry.empty());
  CHECK_FALSE(config.lease_days);
  CHECK(config.ports.pools.empty());
}

TEST_CASE("every mistake of the rules is reported at once, with its place") {
  const std::string message = mistakes(R"({
  "lease_day": 3,
  "registry": "ports.db",
  "ports": {
    "deny": [0, "7010-7000", true, "80x"],
    "pools": {
      "a b": { "roles": { "backend": { "start": 1000, "stop": 2000 } } },
      "default": { "roles": { "backend": { "start": 3000, "end": 2000 } } },
      "low": { "roles": { "backend": { "start": 4000, "step": 0, "end": 70000 } } },
      "none": { "models": "gpt-5" },
      "empty": { "roles": {} }
    },
    "apps": [{ "model": "", "app": 010, "ports": {} }, { "app": "3", "modle": "x" }]
  }
})");
  for (const char* part : {"config.json:2:3: unknown key `lease_day`",
                           "did you mean `lease_days`?",
                           "config.json:3:15: `registry` must be",
                           "config.json:5:14: `ports.deny` must be 1 to 65535, not 0",
                           "the string `7010-7000`",
                           "not true",
                           "the string `80x`",
                           "config.json:7:7: `a b` cannot name a pool",
                           "unknown key `stop`",
                           "a pool cannot be called `default`",
                           "`roles.backend` begins at 3000, after its end 2000",
                           "`roles.backend.step` must be 1 to 65535, not 0",
                           "not 70000",
                           "`models` must be an array of strings",
                           "`roles` of pool `none` is missing",
                           "`roles` is empty",
                           "`model` must be a text",
                           "config.json:13:36",
                           "`ports` is empty",
                           "`app` must be a whole number from 1 up, not the string `3`",
                           "unknown key `modle`",
                           "`ports` of an app is missing"}) {
    INFO(message << "\n\n" << part);
    CHECK(says(message, part));
  }
}

TEST_CASE("a number that is none is reported once") {
  const std::string message = mistakes(R"({"ports": {"apps": [{"model": "m", "app": 007, "ports": {"backend": 5000}}]}})");
  CHECK(std::count(message.begin(), message.end(), '\n') == 0);
}

TEST_CASE("pools do not overlap, roles of one pool may") {
  const std::string message = mistakes(R"({"ports": {"pools": {
  "wide": {"roles": {"backend": {"start": 20000, "end": 29999}, "frontend": {"start": 20001, "step": 2, "end": 20999}}},
  "inner": {"roles": {"backend": {"start": 21000, "end": 21999}}},
  "beside": {"roles": {"backend": {"start": 30000, "end": 30001}}}
}}})");
  CHECK(says(message,
             "config.json:3:34: `backend` of pool `inner` (21000-21999) overlaps `backend` of pool `wide` (20000-29999)"));
  CHECK(std::count(message.begin(), message.end(), '\n') == 0);
  CHECK(user(kFull).ports.pools.size() == 2);
}

TEST_CASE("an overlap is found behind a longer range of the same pool") {
  CHECK(says(mistakes(R"({"ports": {"pools": {
  "a": {"roles": {"x": {"start": 1000, "end": 9000}, "y": {"start": 5000, "end": 5100}}},
  "b": {"roles": {"x": {"start": 9001, "end": 9500}}},
  "c": {"roles": {"x": {"start": 9500, "end": 9600}, "y": {"start": 9400, "end": 9450}}}
}}})"),
             "overlaps `x` of pool `b` (9001-9500)"));
}

TEST_CASE("an app is named once, and a port of an app, too") {
  const std::string message = mistakes(R"({"ports": {"apps": [
  {"model": "m", "app": 1, "ports": {"backend": 5100, "frontend": 5100}},
  {"model": "m", "app": 1, "ports": {"backend": 5200}}
]}})");
  CHECK(says(message, "config.json:2:67: port 5100 belongs to two apps or roles"));
  CHECK(says(message, "config.json:3:3: app 1 of model `m` is named twice"));
}

TEST_CASE("a star stands for any text") {
  CHECK(matches("anthropic*", "anthropic_claude"));
  CHECK(matches("*", ""));
  CHECK(matches("a*b*c", "a__b_bc"));
  CHECK(matches("*-app", "shop-app-app"));
  CHECK_FALSE(matches("anthropic*", "openai"));
  CHECK_FALSE(matches("", "x"));
  CHECK_FALSE(matches("a*b", "abc"));
  CHECK_FALSE(matches("a?c", "abc"));
  CHECK_FALSE(matches("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("the first pool that matches is taken") {
  const PortRules rules = user(kFull).ports;
  REQUIRE(rules.pool_for_model("anthropic_x") != nullptr);
  CHECK(rules.pool_for_model("anthropic_x")->name == "claude");
  CHECK(rules.pool_for_model("gpt-5") == nullptr);
  CHECK(rules.pool_for_project("shop-eu")->name == "shop");
  CHECK(rules.find_pool("claude") == &rules.pools[0]);
  CHECK(rules.find_pool("none") == nullptr);
}

TEST_CASE("the project's rules come before the user's") {
  const PortRules project = user(R"({"ports": {"deny": [4000], "pools": {"shop": {"roles": {"backend": {"start": 1100}}}},
    "apps": [{"model": "gpt-5", "app": 3, "ports": {"backend": 6100}}, {"model": "gpt-5", "app": 4, "ports": {"backend": 6101}}]}})")
                                .ports;
  const PortRules merged = merge(project, user(kFull).ports);
  CHECK(merged.range == PortRange{4000, 4999});
  CHECK(merged.deny == std::vector<PortRange>{{4000, 4000}, {5000, 5000}, {7000, 7002}});
  REQUIRE(merged.pools.size() == 2);
  CHECK(merged.find_pool("shop")->roles.at("backend").start == 1100);
  CHECK(merged.find_pool("claude") != nullptr);
  REQUIRE(merged.apps.size() == 2);
  CHECK(merged.apps[0].ports.at("backend") == 6100);
}

TEST_CASE("app numbers are plain decimal numbers up to 2^53") {
  CHECK(parse_app_number("1") == 1);
  CHECK(parse_app_number("9007199254740992") == 9007199254740992);
  for (const char* text :
       {"", "0", "-1", "+1", "010", "1.0", "1e3", " 1", "1 ", "0x1", "9007199254740993", "99999999999999999999"}) {
    CHECK_FALSE(parse_app_number(text));
  }
}

TEST_CASE("names of roles and pools are plain words") {
  for (const char* name : {"backend", "backend.metrics", "a-b_c", "7"}) CHECK(is_role_name(name));
  for (const char* name : {"", "a b", "a/b", "ä", "a\n"}) CHECK_FALSE(is_role_name(name));
  CHECK_FALSE(is_role_name(std::string(65, 'a')));
}

TEST_CASE("devinit.json has the same rules, and denied ranges one by one") {
  const MemoryFiles files{};
  const auto parsed = parse_config(R"({
  "ports": { "range": "4000-4999", "deny": ["4003-4004", 4001, 4003],
             "pools": { "shop": { "projects": ["shop"], "roles": { "backend": { "start": 4100, "end": 4200 } } } } },
  "services": { "backend": { "command": "x", "port": 8000 } }
})",
                                   "devinit.json", "shop", {}, files);
  REQUIRE(parsed.has_value());
  CHECK(parsed->automatic_range == PortRange{4000, 4999});
  CHECK(parsed->denied_ports == std::vector<Port>{4001, 4003, 4004});
  CHECK(parsed->port_rules.deny.size() == 3);
  CHECK(parsed->port_rules.pool_for_project("shop") != nullptr);
}

TEST_CASE("the schema of the user's configuration names the keys that are read") {
  const JsonDocument schema = parse_json(user_config_schema_json(), "user-config.schema.json", Comments::no);
  REQUIRE(schema.diagnostics.empty());
  const auto keys_at = [](const JsonValue& object) {
    const JsonValue* properties = object.find("properties");
    REQUIRE(properties != nullptr);
    return properties->members;
  };
  for (const auto& [key, value] : keys_at(schema.value)) {
    const auto parsed = parse_user_config("{\"" + key + "\": null}", "config.json");
    REQUIRE_FALSE(parsed.has_value());
    CHECK_FALSE(says(parsed.error().message, "unknown key"));
  }
  for (const auto& [key, value] : keys_at(*schema.value.find("properties")->find("ports"))) {
    const auto parsed = parse_user_config("{\"ports\": {\"" + key + "\": null}}", "config.json");
    REQUIRE_FALSE(parsed.has_value());
    CHECK_FALSE(says(parsed.error().message, "unknown key"));
  }
}

}  // namespace devinit::config
