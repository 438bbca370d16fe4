#include "config/ports_file.hpp"

#include <catch2/catch.hpp>

using namespace devinit::config;
using devinit::Errc;
using devinit::Port;
using devinit::PortRange;

namespace {

std::string mistakes(std::string_view text) {
  const auto parsed = parse_ports_file(text, ".ports.json");
  return parsed ? "" : parsed.error().message;
}

PortSpec from_config(std::optional<Port> prefer) {
  PortSpec spec;
  spec.prefer = prefer;
  return spec;
}

PortSpec from_preset(Port prefer) {
  PortSpec spec = from_config(prefer);
  spec.source = PortSource::preset;
  return spec;
}

PortsFile file_with(Port port) { return {{{"backend", port}}}; }

PortsRecord record_with(Port written, std::optional<Port> hand_set = std::nullopt) {
  PortsRecord record;
  record.entries["backend"] = {written, hand_set, false};
  return record;
}

}  // namespace

TEST_CASE("a ports file keeps its keys, its order and its text") {
  const auto parsed =
      parse_ports_file(R"({"backend": 8001, "frontend": 3000, "postgres": 5432, "redis": 6379})", ".ports.json");
  REQUIRE(parsed.has_value());
  CHECK(parsed->find("frontend") == 3000);
  CHECK_FALSE(parsed->find("missing"));
  CHECK(parsed->to_text() == "{\n  \"backend\": 8001,\n  \"frontend\": 3000,\n  \"postgres\": 5432,\n  \"redis\": 6379\n}\n");
  const auto again = parse_ports_file(parsed->to_text(), ".ports.json");
  REQUIRE(again.has_value());
  CHECK(again->entries == parsed->entries);
}

TEST_CASE("setting a port changes it in place or appends it") {
  PortsFile ports{{{"a", 1000}, {"b", 2000}}};
  ports.set("a", 1001);
  ports.set("c \"\n", 3000);
  CHECK(ports.to_text() == "{\n  \"a\": 1001,\n  \"b\": 2000,\n  \"c \\\"\\u000A\": 3000\n}\n");
}

TEST_CASE("an empty ports file is an empty object") {
  CHECK(PortsFile{}.to_text() == "{}\n");
  CHECK(mistakes("{}") == "");
}

TEST_CASE("a BOM and CRLF are fine") { CHECK(mistakes("\xEF\xBB\xBF{\r\n  \"backend\": 8000\r\n}\r\n") == ""); }

TEST_CASE("a value that is no port is said with its place") {
  const auto [value, expected] = GENERATE(table<std::string, std::string>({
      {"0", "`backend` must be 1 to 65535, not 0"},
      {"-1", "`backend` must be 1 to 65535, not -1"},
      {"65536", "`backend` must be 1 to 65535, not 65536"},
      {"70000", "`backend` must be 1 to 65535, not 70000"},
      {"3000.5", "`backend` must be a number from 1 to 65535, not 3000.5 (a plain decimal number"},
      {"3000.0", "not 3000.0 (a plain decimal number"},
      {"3e3", "not 3e3 (a plain decimal number"},
      {"\"3000\"", "not the string `3000` (write it without quotes: 3000)"},
      {"\"auto\"", "not the string `auto`"},
      {"true", "not true"},
      {"null", "not null"},
      {"[8000]", "not an array"},
      {"{}", "not an object"},
      {"010", "`010` is not a number in JSON"},
      {"+80", "`+80` is not a number in JSON"},
      {"0x50", "`0x50` is not a number in JSON"},
      {"99999999999999999999999999999999", "not 999999999999999999999999…"},
  }));
  CAPTURE(value);
  const std::string message = mistakes("{\n  \"backend\": " + value + "\n}");
  CAPTURE(message);
  CHECK(message.rfind(".ports.json:2:14: ", 0) == 0);
  CHECK(message.find(expected) != std::string::npos);
  CHECK(message.find('\n') == std::string::npos);
}

TEST_CASE("all mistakes of a ports file are said at once") {
  CHECK(mistakes("{\"a\": 0,\n\"b\": true,\n\"a\": 5,\n\"\": 80,\n\"x\\ny\": 81,\n\"z\": 010}") ==
        ".ports.json:1:7: `a` must be 1 to 65535, not 0\n"
        ".ports.json:2:6: `b` must be a number from 1 to 65535, not true\n"
        ".ports.json:3:1: `a` is here twice (the first is in line 1)\n"
        ".ports.json:4:1: a key without a name (a key is the name of a service)\n"
        ".ports.json:5:1: a control character in the key `x\\u000Ay`\n"
        ".ports.json:6:6: `010` is not a number in JSON (plain decimal: no leading zero, plus sign, hexadecimal or unit)");
}

TEST_CASE("a ports file that is not an object of ports is refused") {
  const std::string text = GENERATE("", "[]", "8000", "null", "// c\n{}", "{\"a\": 1,}", "{\"a\": 1} x", "True");
  CAPTURE(text);
  const auto parsed = parse_ports_file(text, ".ports.json");
  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().code == Errc::config);
  CHECK(parsed.error().message.find('\n') == std::string::npos);
}

TEST_CASE("a ports file cut off at any byte is refused") {
  const std::string whole = R"({"backend": 8001, "frontend": 3000, "postgres": 5432, "redis": 6379})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(mistakes(whole.substr(0, length)) != "");
  }
}

TEST_CASE("a record survives its own text") {
  PortsRecord record;
  record.entries["backend"] = {8001, Port{9000}, true};
  record.entries["web.metrics"] = {9100, std::nullopt, false};
  const auto again = parse_ports_record(record.to_text());
  REQUIRE(again.has_value());
  REQUIRE(again->entries.size() == 2);
  CHECK(again->entries.at("backend").written == 8001);
  CHECK(again->entries.at("backend").hand_set == 9000);
  CHECK(again->entries.at("backend").no_fence);
  CHECK_FALSE(again->entries.at("web.metrics").hand_set);
  CHECK(parse_ports_record(PortsRecord{}.to_text())->entries.empty());
}

TEST_CASE("a record that cannot be read is no record") {
  const std::string text =
      GENERATE("", "[]", "{", "{\"a\": 1}", "{\"a\": {}}", "{\"a\": {\"written\": 0}}", "{\"a\": {\"written\": \"1\"}}",
               "{\"a\": {\"written\": 1, \"hand_set\": 0}}", "{\"a\": {\"written\": 1, \"no_fence\": 1}}",
               "{\"a\": {\"written\": 1}, \"a\": {\"written\": 1}}");
  CAPTURE(text);
  CHECK_FALSE(parse_ports_record(text).has_value());
}

TEST_CASE("the key of a named port carries its service") {
  CHECK(ports_key("backend", "") == "backend");
  CHECK(ports_key("backend", "metrics") == "backend.metrics");
}

TEST_CASE("the choice of a port follows the order hand-set, config, remembered, default") {
  struct Case {
    const char* why;
    PortSpec spec;
    std::optional<PortsFile> file;
    std::optional<PortsRecord> record;
    std::optional<Port> port;
    PortSource source;
  };
  const Case cases[] = {
      {"no file: the config", from_config(8000), {}, record_with(8005), Port{8000}, PortSource::config},
      {"no file: the default, and what was remembered is forgotten",
       from_preset(8000),
       {},
       record_with(8005),
       Port{8000},
       PortSource::preset},
      {"no file and no wish", from_config({}), {}, {}, {}, PortSource::automatic},
      {"no such key in the file", from_preset(8000), PortsFile{}, record_with(8005, Port{9000}), Port{8000},
       PortSource::preset},
      {"changed by hand beats the config", from_config(8000), file_with(8123), record_with(8000), Port{8123},
       PortSource::hand_set},
      {"changed by hand beats an older number set by hand", from_config(8000), file_with(8123), record_with(8001, Port{9000}),
       Port{8123}, PortSource::hand_set},
      {"changed back to the default by hand", from_preset(8000), file_with(8000), record_with(8001), Port{8000},
       PortSource::hand_set},
      {"a fallback heals back to the number set by hand", from_config(8000), file_with(8001), record_with(8001, Port{9000}),
       Port{9000}, PortSource::hand_set},
      {"a fallback heals back to the config", from_config(8000), file_with(8001), record_with(8001), Port{8000},
       PortSource::config},
      {"a fallback from the default is remembered", from_preset(8000), file_with(8001), record_with(8001), Port{8001},
       PortSource::remembered},
      {"the default itself is no memory", from_preset(8000), file_with(8000), record_with(8000), Port{8000},
       PortSource::preset},
      {"an automatic port is remembered", from_config({}), file_with(4711), record_with(4711), Port{4711},
       PortSource::remembered},
      {"record lost: the default is the default", from_preset(8000), file_with(8000), {}, Port{8000}, PortSource::preset},
      {"record lost: the config's number is the config's",
       from_config(8000),
       file_with(8000),
       {},
       Port{8000},
       PortSource::config},
      {"record lost: any other number is hand-set", from_preset(8000), file_with(8001), {}, Port{8001}, PortSource::hand_set},
      {"record lost: any number of an automatic port is hand-set",
       from_config({}),
       file_with(8001),
       {},
       Port{8001},
       PortSource::hand_set},
      {"a key that devinit never wrote is hand-set", from_preset(8000), file_with(8001), PortsRecord{}, Port{8001},
       PortSource::hand_set},
  };
  for (const auto& each : cases) {
    CAPTURE(each.why);
    const auto choice =
        choose_port(each.spec, "backend", each.file ? &*each.file : nullptr, each.record ? &*each.record : nullptr);
    CHECK(choice.port == each.port);
    CHECK(choice.source == each.source);
  }
}

TEST_CASE("range and strict travel with the choice, and a memory outside a new range is dropped") {
  PortSpec spec = from_preset(8000);
  spec.range = PortRange{8000, 8099};
  spec.strict = true;
  const PortsFile file = file_with(9001);
  const PortsRecord record = record_with(9001);
  const auto choice = choose_port(spec, "backend", &file, &record);
  CHECK(choice.port == 8000);
  CHECK(choice.source == PortSource::preset);
  CHECK(choice.range == spec.range);
  CHECK(choice.strict);
}
