#include "config/config_sources.hpp"

#include "unit/config/parsing.hpp"

using namespace devinit::config;
using Names = std::vector<std::string>;

namespace {

Names service_names(const ProjectConfig& config) {
  Names names;
  for (const auto& service : config.services) names.push_back(service.name);
  return names;
}

/// A file that includes `included`, and says nothing else.
std::string including(const std::string& included) { return R"({"include": [")" + included + R"("], "services": {}})"; }

}  // namespace

TEST_CASE("a later include wins over an earlier one, the file over both, and the overlay over all") {
  MemoryFiles files{
      {"infra/a.json",
       R"({"env": {"A": "a", "B": "a", "C": "a", "D": "a"}, "services": {"db": {"command": "db a", "port": 1000}}})"},
      {"infra/b.json", R"({"env": {"B": "b", "C": "b", "D": "b"}, "services": {"db": {"command": "db b"}}})"},
      {"devinit.local.json", R"({"env": {"D": "local"}, "services": {"db": {"port": 4000}}})"}};
  const auto config = parsed(
      R"({"include": ["infra/a.json", "infra/b.json"], "env": {"C": "main", "D": "main"}, "services": {"db": {"port": 3000}, "api": {"command": "x"}}})",
      files);
  CHECK(config.files == Names{"devinit.json", "infra/a.json", "infra/b.json", "devinit.local.json"});
  CHECK(service_names(config) == Names{"db", "api"});
  CHECK(std::get<0>(config.services[0].command) == "db b");
  CHECK(config.services[0].port->prefer == 4000);
  CHECK(config.services[0].env ==
        std::vector<std::pair<std::string, std::string>>{{"A", "a"}, {"B", "b"}, {"C", "main"}, {"D", "local"}});
}

TEST_CASE("an include is found from the folder of the file that names it") {
  MemoryFiles files{{"infra/devinit.json", R"({"include": ["db/devinit.json", "../shared.json"]})"},
                    {"infra/db/devinit.json", R"({"services": {"db": {"command": "x"}}})"},
                    {"shared.json", R"({"services": {"mail": {"command": "x"}}})"}};
  const auto config = parsed(R"({"include": ["infra/devinit.json"], "services": {"api": {"command": "x"}}})", files);
  CHECK(service_names(config) == Names{"db", "mail", "api"});
}

TEST_CASE("a file that two others include counts in the place of each") {
  MemoryFiles files{{"a.json", R"({"include": ["base.json"], "env": {"X": "a"}})"},
                    {"b.json", R"({"include": ["base.json"]})"},
                    {"base.json", R"({"env": {"X": "base"}})"}};
  const auto config = parsed(R"({"include": ["a.json", "b.json"], "services": {"api": {"command": "x"}}})", files);
  CHECK(config.services[0].env.front().second == "base");
  CHECK(config.files == Names{"devinit.json", "a.json", "base.json", "b.json"});
}

TEST_CASE("null in an overlay takes a key away") {
  MemoryFiles files{{"devinit.local.json",
                     R"({"services": {"search": null, "api": {"port": null, "ready": {"http": null, "exec": ["ok"]}}}})"}};
  const auto config = parsed(
      R"({"services": {"search": {"command": "x"}, "api": {"command": "x", "port": 80, "ready": {"http": "/"}}}})", files);
  CHECK(service_names(config) == Names{"api"});
  CHECK_FALSE(config.services[0].port);
  CHECK(config.services[0].ready.kind == ProbeKind::exec);
}

TEST_CASE("null takes nothing away where nothing is, in an overlay and in an include") {
  MemoryFiles files{{"infra.json", R"({"env": null, "services": {"mail": null, "db": {"command": "x", "port": null}}})"},
                    {"devinit.local.json", R"({"profiles": null, "services": {"old": null, "db": {"live": {"exec": "ok", "status": null}}}})"}};
  const auto config = parsed(R"({"include": ["infra.json"], "services": {"api": {"command": "x", "hooks": null}}})", files);
  CHECK(service_names(config) == Names{"db", "api"});
  CHECK(config.services[0].live->probe.kind == ProbeKind::exec);
  CHECK(contains(mistakes_in(R"({"services": {"api": null}})"), "`api` must be an object, not null"));
}

TEST_CASE("the overlay may disable, and only lists of its own replace lists") {
  MemoryFiles files{{"devinit.local.json", R"({"services": {"api": {"disabled": true, "env_files": ["b"]}}})"}};
  const auto config = parsed(R"({"services": {"api": {"command": "x", "env_files": ["a", "c"]}}})", files);
  CHECK(config.services[0].disabled);
  CHECK(config.services[0].env_files == Names{"b"});
}

TEST_CASE("every mistake names the file it is in") {
  MemoryFiles files{
      {"infra/db.json",
       "{\n  \"services\": {\n    \"db\": {\"command\": \"x\", \"port\": 70000, \"depends_on\": [\"mial\"]}\n  }\n}"},
      {"devinit.local.json", "{\n\n\n  \"services\": {\"api\": {\"prot\": 1}}}"}};
  CHECK(mistakes_in(
            R"({"include": ["infra/db.json"], "services": {"api": {"command": "x", "port": 0}, "mail": {"command": "x"}}})",
            files) ==
        "devinit.json:1:77: `port` must be 1 to 65535, not 0\n"
        "infra/db.json:3:36: `port` must be 1 to 65535, not 70000\n"
        "infra/db.json:3:58: `db` depends on `mial`, which does not exist (did you mean `mail`?)\n"
        "devinit.local.json:4:24: unknown key `prot` (did you mean `port`?)");
}

TEST_CASE("a mistake that two files make together names both") {
  MemoryFiles files{{"a.json", "{\"services\": {\n\"db\": {\"command\": \"x\", \"port\": 80}}}"}};
  CHECK(mistakes_in(R"({"include": ["a.json"], "services": {"api": {"command": "x", "port": 80}}})", files) ==
        "devinit.json:1:70: port 80 is named by both `db` and `api` (the first is in line 2 of a.json)");
}

TEST_CASE("an include that cannot be followed is said") {
  const MemoryFiles files{{"self.json", including("self.json")},
                          {"a.json", including("b.json")},
                          {"b.json", including("a.json")},
                          {"up.json", including("../devinit.json")},
                          {"list.json", "[]"},
                          {"broken.json", "{\"services\": {,}}"},
                          {"number.json", "{\"services\": 010}"}};
  const auto [included, expected] = GENERATE(table<std::string, std::string>({
      {R"(["nothing.json"])",
       "devinit.json:1:14: `nothing.json` is not there (relative to the folder of the file that includes it)"},
      {R"(["self.json"])", "self.json:1:14: a cycle of includes: self.json -> self.json"},
      {R"(["a.json"])", "b.json:1:14: a cycle of includes: a.json -> b.json -> a.json"},
      {R"(["devinit.json"])", "devinit.json:1:14: a cycle of includes: devinit.json -> devinit.json"},
      {R"(["up.json"])", "up.json:1:14: `include` `../devinit.json` is no file inside the project"},
      {R"(["/etc/x.json"])", "devinit.json:1:14: `include` `/etc/x.json` is no file inside the project"},
      {R"(["."])", "`include` `.` is no file inside the project"},
      {R"(["list.json"])", "list.json:1:1: `list.json` must be an object, not an array"},
      {R"(["broken.json"])", "broken.json:1:15: expected a key in double quotes"},
      {R"("a.json")", "devinit.json:1:13: `include` must be an array of strings, not the string `a.json` (put it into [ ])"},
      {R"([5])", "`include` must be a string, not 5"},
      {R"(["number.json"])", "number.json:1:14: `010` is not a number in JSON"},
  }));
  CAPTURE(included);
  CHECK(contains(mistakes_in(R"({"include": )" + included + R"(, "services": {"api": {"command": "x"}}})", files), expected));
}

TEST_CASE("includes end somewhere") {
  MemoryFiles deep{};
  for (int i = 0; i < 40; ++i) deep.with("d" + std::to_string(i) + ".json", including("d" + std::to_string(i + 1) + ".json"));
  CHECK(contains(mistakes_in(including("d0.json"), deep), "includes deeper than 16 files"));

  MemoryFiles many{};
  std::string list;
  for (int i = 0; i < 80; ++i) {
    many.with("m" + std::to_string(i) + ".json", "{}");
    list += (list.empty() ? "\"m" : ", \"m") + std::to_string(i) + ".json\"";
  }
  CHECK(contains(mistakes_in("{\"include\": [" + list + R"(], "services": {"a": {"command": "x"}}})", many),
                 "more than 64 files in one configuration"));
}

TEST_CASE("files that include each other twice over are read once each") {
  MemoryFiles files{};
  for (int i = 0; i < 15; ++i) {
    const std::string next = "f" + std::to_string(i + 1) + ".json";
    files.with("f" + std::to_string(i) + ".json", R"({"include": [")" + next + R"(", ")" + next + R"("]})");
  }
  files.with("f15.json", R"({"env": {"X": "1"}})");
  CHECK(contains(mistakes_in(R"({"include": ["f0.json"], "services": {"a": {"command": "x"}}})", files), "deeper than 16"));
  const auto config = parsed(R"({"include": ["f2.json"], "services": {"a": {"command": "x"}}})", files);
  CHECK(config.services[0].env.size() == 1);
}

TEST_CASE("one missing include does not hide another") {
  CHECK(mistakes_in(R"({"include": ["a.json", "b.json"], "services": {"api": {"command": "x"}}})") ==
        "devinit.json:1:14: `a.json` is not there (relative to the folder of the file that includes it)\n"
        "devinit.json:1:24: `b.json` is not there (relative to the folder of the file that includes it)");
}

TEST_CASE("a broken overlay is told as such") {
  CHECK(mistakes_in(R"({"services": {"a": {"command": "x"}}})", MemoryFiles{{"devinit.local.json", "[]"}}) ==
        "devinit.local.json:1:1: `devinit.local.json` must be an object, not an array");
  CHECK(contains(mistakes_in(R"({"services": {"a": {"command": "x"}}})", MemoryFiles{{"devinit.local.json", ""}}),
                 "devinit.local.json:1:1: the file is empty"));
}
