#include "config/run_settings.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace devinit::config {
namespace {

RunSettings settings(const RunOptions& options, const Variables& environment = {}, const std::vector<EnvEntry>& env_file = {}) {
  const auto result = read_run_settings(options, environment, env_file);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  return *result;
}

RunSettings settings(const Variables& environment, const std::vector<EnvEntry>& env_file = {}) {
  return settings(RunOptions{}, environment, env_file);
}

std::string mistake(const RunOptions& options, const Variables& environment = {}, const std::vector<EnvEntry>& env_file = {}) {
  const auto result = read_run_settings(options, environment, env_file);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::config);
  CHECK_FALSE(result.error().hint.empty());
  return result.error().message;
}

std::string mistake(const Variables& environment, const std::vector<EnvEntry>& env_file = {}) {
  return mistake(RunOptions{}, environment, env_file);
}

std::size_t line_count(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

TEST_CASE("without any word about it a run wants 5050 and nothing else") {
  const auto plain = settings(Variables{});
  CHECK(plain.port == 5050);
  CHECK(plain.port_origin == "default");
  CHECK_FALSE(plain.port_named);
  CHECK_FALSE(plain.auto_find);
  CHECK(plain.range == PortRange{5050, 5100});
  CHECK(plain.host == "127.0.0.1");
  CHECK_FALSE(plain.log_level.has_value());
  CHECK_FALSE(plain.debug.has_value());
  CHECK_FALSE(plain.reload.has_value());
}

TEST_CASE("the option comes before API_PORT, and that before PORT") {
  const Variables both{{"API_PORT", "6001"}, {"PORT", "6001"}};
  CHECK(settings(RunOptions{.port = 6000}, both).port == 6000);
  CHECK(settings(RunOptions{.port = 6000}, both).port_origin == "--port");
  CHECK(settings(both).port_origin == "API_PORT from the environment");
  CHECK(settings({{"PORT", "6002"}}).port == 6002);
  CHECK(settings({{"PORT", "6002"}}).port_named);
}

TEST_CASE("the shell wins over .env, whose last word counts") {
  const std::vector<EnvEntry> file{{"PORT", "6000", 1}, {"PORT", "6001", 4}};
  CHECK(settings({}, file).port == 6001);
  CHECK(settings({}, file).port_origin == "PORT from .env:4");
  CHECK(settings({{"PORT", "7000"}}, file).port == 7000);
}

TEST_CASE("an empty variable is as good as none, also where it hides one of .env") {
  CHECK(settings({{"PORT", ""}, {"HOST", ""}, {"DEBUG", ""}, {"AUTO_FIND_PORT", ""}, {"LOG_LEVEL", ""}}, {{"PORT", "6000", 1}})
            .port == 5050);
}

TEST_CASE("a port is a plain decimal number from 1 to 65535") {
  for (const char* text : {"0", "65536", "-1", "080", "80a", "0x50", "8e3", " 80", "80 ", "+80", "70000"}) {
    INFO(text);
    CHECK(mistake({{"PORT", text}}).find("PORT from the environment must be a plain number from 1 to 65535") == 0);
    CHECK(mistake({}, {{"API_PORT", text, 3}}).find("API_PORT from .env:3 must be") == 0);
    CHECK(mistake({{"PORT_RANGE_START", text}}).find("PORT_RANGE_START from the environment must be") == 0);
    CHECK(mistake({{"PORT_RANGE_END", text}}).find("PORT_RANGE_END from the environment must be") == 0);
  }
  CHECK(settings({{"PORT", "1"}}).port == 1);
  CHECK(settings({{"PORT", "65535"}}).port == 65535);
}

TEST_CASE("API_PORT and PORT that differ in one place are a mistake that names both") {
  CHECK(mistake({{"PORT", "6001"}, {"API_PORT", "6000"}}) ==
        "API_PORT from the environment is 6000, but PORT from the environment is 6001: set one of them, or say --port");
  CHECK(mistake({}, {{"PORT", "6001", 1}, {"API_PORT", "6000", 2}}) ==
        "API_PORT from .env:2 is 6000, but PORT from .env:1 is 6001: set one of them, or say --port");
  CHECK(settings(RunOptions{.port = 6002}, {{"PORT", "6001"}, {"API_PORT", "6000"}}).port == 6002);
}

TEST_CASE("the shell wins over .env also by the other name of the port") {
  CHECK(settings({{"PORT", "6000"}}, {{"API_PORT", "5050", 1}}).port == 6000);
  CHECK(settings({{"PORT", "6000"}}, {{"API_PORT", "5050", 1}}).port_origin == "PORT from the environment");
  CHECK(settings({{"API_PORT", "6000"}}, {{"PORT", "5050", 1}}).port == 6000);
  CHECK(settings({{"API_PORT", ""}}, {{"PORT", "5050", 1}}).port == 5050);
  CHECK(settings({{"PORT", ""}}, {{"API_PORT", "5050", 1}}).port == 5050);
  CHECK(mistake({{"PORT", "6000"}}, {{"API_PORT", "none", 1}}).find("API_PORT from .env:1 must be") == 0);
}

TEST_CASE("a range has its start below its end, and may be one port") {
  CHECK(settings({{"PORT_RANGE_START", "6000"}, {"PORT_RANGE_END", "6010"}}).range == PortRange{6000, 6010});
  CHECK(settings({{"PORT_RANGE_START", "6000"}, {"PORT_RANGE_END", "6000"}}).range == PortRange{6000, 6000});
  CHECK(settings({{"PORT_RANGE_END", "5060"}}).range == PortRange{5050, 5060});
  CHECK(mistake({{"PORT_RANGE_START", "6001"}}, {{"PORT_RANGE_END", "6000", 7}}) ==
        "PORT_RANGE_START from the environment is 6001, above PORT_RANGE_END from .env:7, 6000");
  CHECK(mistake({{"PORT_RANGE_START", "6000"}}) ==
        "PORT_RANGE_START from the environment is 6000, above PORT_RANGE_END, by default, 5100");
  CHECK(settings(RunOptions{.range = PortRange{7000, 7009}}, {{"PORT_RANGE_START", "6000"}}).range == PortRange{7000, 7009});
}

TEST_CASE("the wanted port may lie outside of the range") {
  const auto outside = settings({{"PORT", "3000"}, {"AUTO_FIND_PORT", "true"}});
  CHECK(outside.port == 3000);
  CHECK(outside.range == PortRange{5050, 5100});
}

TEST_CASE("truth is true, false, 1, 0, yes or no in any case") {
  for (const char* text : {"true", "TRUE", "1", "yes", "Yes"}) {
    INFO(text);
    CHECK(settings({{"AUTO_FIND_PORT", text}}).auto_find);
    CHECK(settings({{"DEBUG", text}}).debug == true);
    CHECK(settings({{"RELOAD", text}}).reload == true);
  }
  for (const char* text : {"false", "0", "no", "NO"}) {
    INFO(text);
    CHECK_FALSE(settings({{"AUTO_FIND_PORT", text}}).auto_find);
    CHECK(settings({{"DEBUG", text}}).debug == false);
    CHECK(settings({{"RELOAD", text}}).reload == false);
  }
  for (const char* name : {"AUTO_FIND_PORT", "DEBUG", "RELOAD"}) {
    for (const char* text : {"on", "2", "y", "express:*", "true "}) {
      INFO(name << "=" << text);
      CHECK(mistake({{name, text}}).find(std::string(name) + " from the environment must be true, false, 1, 0, yes or no") ==
            0);
    }
  }
}

TEST_CASE("a range on the command line is the permission to search") {
  CHECK(settings(RunOptions{.range = PortRange{6000, 6010}}).auto_find);
  CHECK(mistake(RunOptions{.range = PortRange{6000, 6010}}, {}, {{"AUTO_FIND_PORT", "no", 2}}) ==
        "--range allows another port, but AUTO_FIND_PORT from .env:2 is `no`");
}

TEST_CASE("strict forbids every way to another port") {
  CHECK_FALSE(settings(RunOptions{.strict = true}).auto_find);
  CHECK_FALSE(settings(RunOptions{.strict = true}, {{"AUTO_FIND_PORT", "false"}}).auto_find);
  CHECK(mistake(RunOptions{.range = PortRange{1, 2}, .strict = true}).find("--strict allows no other port, but --range") == 0);
  CHECK(mistake(RunOptions{.strict = true}, {{"AUTO_FIND_PORT", "true"}}) ==
        "--strict allows no other port, but AUTO_FIND_PORT from the environment is `true`");
}

TEST_CASE("to take the next port on a conflict needs the permission to search") {
  const RunOptions next{.on_conflict = ConflictRule::next};
  CHECK(mistake(next).find("--on-conflict next takes another port, but AUTO_FIND_PORT, false by default, forbids that") == 0);
  CHECK(mistake(next, {{"AUTO_FIND_PORT", "0"}}).find("AUTO_FIND_PORT from the environment forbids that") != std::string::npos);
  CHECK(settings(next, {{"AUTO_FIND_PORT", "1"}}).auto_find);
  CHECK_FALSE(settings(RunOptions{.on_conflict = ConflictRule::kill}).auto_find);
}

TEST_CASE("a host is an address or localhost") {
  for (const char* host : {"127.0.0.1", "0.0.0.0", "::", "::1", "192.168.1.5", "fe80::1", "2001:db8::ff00:42:8329",
                           "::ffff:10.0.0.1", "localhost"}) {
    INFO(host);
    CHECK(settings({{"HOST", host}}).host == host);
    CHECK(settings(RunOptions{.host = host}, {{"HOST", "10.0.0.1"}}).host == host);
  }
  for (const char* host : {"my-laptop", "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", ":::", "1::2::3", "[::1]",
                           "fe80::1%eth0", "127.1", "12345::", "*"}) {
    INFO(host);
    CHECK(mistake({{"HOST", host}}).find("HOST from the environment must be an IPv4 or IPv6 address or localhost") == 0);
    CHECK(mistake(RunOptions{.host = host}).find("--host from the command line must be") == 0);
  }
}

TEST_CASE("a log level is one of six, in any case, and a near miss is corrected") {
  CHECK(settings({{"LOG_LEVEL", "Warning"}}).log_level == "warning");
  for (const char* level : {"trace", "debug", "info", "warning", "error", "critical"})
    CHECK(settings({{"LOG_LEVEL", level}}).log_level == level);
  CHECK(mistake({{"LOG_LEVEL", "warn"}}).find("did you mean warning?") != std::string::npos);
  CHECK(mistake({{"LOG_LEVEL", "debg"}}).find("did you mean debug?") != std::string::npos);
  CHECK(mistake({{"LOG_LEVEL", "7"}}).find("LOG_LEVEL from the environment must be trace") == 0);
}

TEST_CASE("all mistakes are told at once, one a line") {
  const auto text = mistake({{"PORT", "x"}, {"HOST", "y"}, {"LOG_LEVEL", "z"}}, {{"DEBUG", "maybe", 1},
                                                                                 {"RELOAD", "maybe", 2},
                                                                                 {"AUTO_FIND_PORT", "maybe", 3},
                                                                                 {"PORT_RANGE_START", "0", 4},
                                                                                 {"PORT_RANGE_END", "0", 5},
                                                                                 {"API_PORT", "0", 6}});
  CHECK(line_count(text) == 9);
  CHECK(text.find("RELOAD from .env:2") != std::string::npos);
}

TEST_CASE("a value cannot drive the terminal of who reads the mistake") {
  CHECK(mistake({{"PORT", "\x1b[2J"}}).find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace devinit::config
