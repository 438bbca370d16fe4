#include "config/limits_reader.hpp"

#include "unit/config/parsing.hpp"

using namespace devinit::config;

namespace {

LimitsSpec limits(const std::string& json) { return parsed(with_service("\"limits\": " + json)).services.front().limits; }

}  // namespace

TEST_CASE("every limit is read") {
  const LimitsSpec spec = limits(
      R"({"memory": "1GB", "cpu": 2.0, "nofile": 1048576, "nproc": 100, "core": 0, "fsize": "10MB", "stack": 8388608,
          "as": "4GB", "nice": -5, "umask": "0027"})");
  CHECK(spec.memory == 1ULL << 30);
  CHECK(spec.cpu == 2.0);
  CHECK(spec.nofile == 1'048'576);
  CHECK(spec.nproc == 100);
  CHECK(spec.core == 0);
  CHECK(spec.fsize == 10ULL << 20);
  CHECK(spec.stack == 8ULL << 20);
  CHECK(spec.as == 4ULL << 30);
  CHECK(spec.nice == -5);
  CHECK(spec.umask == 027);
}

TEST_CASE("a limit may be lifted") {
  CHECK(limits(R"({"core": "unlimited"})").core == kUnlimited);
  CHECK(limits(R"({"nofile": "unlimited"})").nofile == kUnlimited);
}

TEST_CASE("what is not said is not limited") { CHECK(limits("{}") == LimitsSpec{}); }

TEST_CASE("a mistake in a limit is said") {
  const auto [json, expected] = GENERATE(table<std::string, std::string>({
      {"[]", "`limits` must be an object, not an array"},
      {R"({"memory": 1000})", "`limits.memory` must be a size of at least 1KB, not 1000"},
      {R"({"memory": "512KB"})", "`limits.memory` must be at least 1MB, not `512KB`"},
      {R"({"cpu": 0})", "`limits.cpu` must be a number of cores from 0.01 to 1024, not 0"},
      {R"({"cpu": 1e3})", "`limits.cpu` must be a number of cores"},
      {R"({"cpu": "2"})", "not the string `2` (without quotes: 0.5)"},
      {R"({"cpu": -1})", "`limits.cpu` must be a number of cores"},
      {R"({"nofile": 4096.5})", "`limits.nofile` must be a whole number from 0 to 1073741824, not 4096.5"},
      {R"({"nofile": "4096"})", "`limits.nofile` must be a whole number"},
      {R"({"nofile": -1})", "`limits.nofile` must be a whole number"},
      {R"({"nofile": 99999999999999999999})", "`limits.nofile` must be a whole number"},
      {R"({"core": "big"})", "`limits.core` must be a size of at least 1KB, not the string `big`"},
      {R"({"nice": 20})", "`limits.nice` must be a whole number from -20 to 19, not 20"},
      {R"({"umask": 22})", "`limits.umask` must be octal digits in quotes, not 22 (\"022\")"},
      {R"({"umask": "089"})", "`limits.umask` must be octal digits in quotes"},
      {R"({"umask": "1777"})", "`limits.umask` must be octal digits in quotes"},
      {R"({"umask": 022})", "`022` is not a number in JSON"},
      {R"({"memroy": "1GB"})", "unknown key `memroy` (did you mean `memory`?)"},
  }));
  CAPTURE(json);
  const std::string message = mistakes_in(with_service("\"limits\": " + json));
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}
