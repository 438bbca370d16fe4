#include <algorithm>

#include "config/embedded.hpp"
#include "config/json_reader.hpp"
#include "unit/config/parsing.hpp"

using namespace devinit::config;

namespace {

/// The value of a path of keys in the schema; `$ref` is not followed.
const JsonValue& at(const JsonValue& schema, std::initializer_list<const char*> path) {
  const JsonValue* value = &schema;
  for (const char* key : path) {
    value = value->find(key);
    REQUIRE(value != nullptr);
  }
  return *value;
}

std::vector<std::string> keys_of(const JsonValue& properties) {
  std::vector<std::string> keys;
  for (const auto& member : properties.members) keys.push_back(member.first);
  return keys;
}

struct Place {
  const char* what;
  std::vector<std::string> keys;
  std::string before;  ///< of a configuration in which the object with these keys stands
  std::string after;
};

}  // namespace

TEST_CASE("the schema and the reader know the same keys") {
  const auto document = parse_json(schema_json(), "devinit.schema.json", Comments::no);
  REQUIRE(document.diagnostics.empty());
  const JsonValue& schema = document.value;
  const std::string service = R"({"services": {"a": {"command": "x", )";
  const auto part = [&](const char* name) { return keys_of(at(schema, {"definitions", name, "properties"})); };
  const std::vector<Place> places{
      {"top", keys_of(at(schema, {"properties"})), "{", "}"},
      {"service", part("service"), R"({"services": {"a": {)", "}}}"},
      {"ready", part("ready"), service + R"("ready": {)", "}}}}"},
      {"live", part("live"), service + R"("live": {)", "}}}}"},
      {"stop", part("stop"), service + R"("stop": {)", "}}}}"},
      {"watch", part("watch"), service + R"("watch": {)", "}}}}"},
      {"hooks", part("hooks"), service + R"("hooks": {)", "}}}}"},
      {"limits", part("limits"), service + R"("limits": {)", "}}}}"},
      {"restart", part("restart_rule"), service + R"("restart": {)", "}}}}"},
      {"log", part("log"), service + R"("log": {)", "}}}}"},
  };
  for (const auto& place : places) {
    CAPTURE(place.what);
    CHECK_FALSE(place.keys.empty());
    for (const auto& key : place.keys) {
      CAPTURE(key);
      CHECK_FALSE(contains(mistakes_in(place.before + "\"" + key + "\": [[]]" + place.after), "unknown key"));
    }
    // A key that only the reader knows would be the suggestion for itself with a letter too much.
    const std::string message = mistakes_in(place.before + "\"zzzzzz\": 1" + place.after);
    const auto known = message.find("known here: ");
    if (known == std::string::npos) continue;
    const std::string listed = message.substr(known + 12, message.find(')', known) - known - 12) + ",";
    for (std::size_t begin = 0, end = 0; (end = listed.find(',', begin)) != std::string::npos; begin = end + 2) {
      const std::string key = listed.substr(begin, end - begin);
      if (key == "deadline" && std::string(place.what) == "live") continue;  // known only to be refused
      CAPTURE(key);
      CHECK(std::find(place.keys.begin(), place.keys.end(), key) != place.keys.end());
    }
  }
}

TEST_CASE("every key of the schema has a description") {
  const auto document = parse_json(schema_json(), "devinit.schema.json", Comments::no);
  const auto check = [](const JsonValue& properties) {
    for (const auto& [key, value] : properties.members) {
      CAPTURE(key);
      CHECK(value.find("description") != nullptr);
    }
  };
  check(at(document.value, {"properties"}));
  for (const char* name : {"service", "ready", "live", "stop", "watch", "hooks", "limits"}) {
    CAPTURE(name);
    check(at(document.value, {"definitions", name, "properties"}));
  }
}
