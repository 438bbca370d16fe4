#include "config/run_command.hpp"

#include <catch2/catch.hpp>

namespace devinit::config {
namespace {

using Words = std::vector<std::string>;

RunSettings with(const std::string& host, std::optional<std::string> level = {}, std::optional<bool> reload = {}) {
  RunSettings settings;
  settings.host = host;
  settings.log_level = std::move(level);
  settings.reload = reload;
  return settings;
}

TEST_CASE("placeholders are filled, but for the port, which is not known yet") {
  CHECK(run_words({"serve", "--at={host}:{port}", "-l", "{log_level}"}, with("0.0.0.0", "debug")) ==
        Words{"serve", "--at=0.0.0.0:{port}", "-l", "debug"});
  CHECK(run_words({"serve", "{log_level}"}, with("::1")) == Words{"serve", "info"});
}

TEST_CASE("a word that is {reload} stands for the flag, or for nothing at all") {
  CHECK(run_words({"serve", "{reload}", "x"}, with("::1", {}, true)) == Words{"serve", "--reload", "x"});
  CHECK(run_words({"serve", "{reload}", "x"}, with("::1", {}, false)) == Words{"serve", "x"});
  CHECK(run_words({"sh", "-c", "serve {reload} x"}, with("::1")) == Words{"sh", "-c", "serve  x"});
}

TEST_CASE("what is no placeholder of a run reaches the command as it is") {
  const auto port = [](const std::string&, const std::string&) { return std::optional<Port>(5051); };
  for (const char* word : {"{name}", "${port}", "{{.Names}}", "{\"a\":{\"b\":1}}", "{web.port}", "{web.url}", "{ports.x}", "{",
                           "}", "{}", "{{host"}) {
    INFO(word);
    const auto words = run_words({"echo", word}, with("::1"));
    const auto seen = expand(words[1], "echo", port, "::1");
    REQUIRE(seen.has_value());
    CHECK(*seen == word);
  }
  CHECK(*expand(run_words({"echo", "{{port}} {port}"}, with("::1"))[1], "echo", port) == "{port} 5051");
  CHECK(run_words({"echo", "{{host}}"}, with("::1"))[1] == "{{host}}");
}

TEST_CASE("uvicorn gets the flags that its command does not name, however it is called") {
  const Words flags{"--host", "0.0.0.0", "--port", "{port}"};
  for (const Words& start : std::vector<Words>{{"uvicorn", "app:app"},
                                               {".venv/bin/uvicorn", "app:app"},
                                               {"python3", "-m", "uvicorn", "app:app"},
                                               {"/usr/bin/python3.11", "-u", "-X", "dev", "-m", "uvicorn", "app:app"},
                                               {"python", "-muvicorn", "app:app"},
                                               {"uv", "run", "uvicorn", "app:app"},
                                               {"env", "A=1", "B=2", "uvicorn", "app:app"}}) {
    INFO(start.front());
    Words expected = start;
    expected.insert(expected.end(), flags.begin(), flags.end());
    CHECK(run_words(start, with("0.0.0.0")) == expected);
  }
}

TEST_CASE("a flag that the command names is its own business") {
  CHECK(run_words({"uvicorn", "a:a", "--port", "1"}, with("::1")) == Words{"uvicorn", "a:a", "--port", "1", "--host", "::1"});
  CHECK(run_words({"uvicorn", "a:a", "--port=1", "--host={host}"}, with("::1")) ==
        Words{"uvicorn", "a:a", "--port=1", "--host=::1"});
  CHECK(run_words({"uvicorn", "a:a", "--uds", "s"}, with("::1")) == Words{"uvicorn", "a:a", "--uds", "s"});
  CHECK(run_words({"flask", "run", "-p8000"}, with("::1")) == Words{"flask", "run", "-p8000", "--host", "::1"});
}

TEST_CASE("log level and reload become flags only when they are set") {
  CHECK(run_words({"uvicorn", "a:a"}, with("::1", "debug", true)) ==
        Words{"uvicorn", "a:a", "--host", "::1", "--port", "{port}", "--log-level", "debug", "--reload"});
  CHECK(run_words({"flask", "run"}, with("::1", "debug", true)) ==
        Words{"flask", "run", "--host", "::1", "--port", "{port}", "--reload"});
  CHECK(run_words({"uvicorn", "a:a"}, with("::1", {}, false)).size() == 6);
}

TEST_CASE("flask gets its flags for `run` alone") {
  CHECK(run_words({"python3", "-m", "flask", "--app", "x", "run"}, with("::1")) ==
        Words{"python3", "-m", "flask", "--app", "x", "run", "--host", "::1", "--port", "{port}"});
  CHECK(run_words({"flask", "routes"}, with("::1")) == Words{"flask", "routes"});
}

TEST_CASE("other programs get no flags") {
  CHECK(run_words({"python3", "app.py", "-m", "uvicorn"}, with("::1")) == Words{"python3", "app.py", "-m", "uvicorn"});
  CHECK(run_words({"echo", "uvicorn"}, with("::1")) == Words{"echo", "uvicorn"});
}

TEST_CASE("a run is called after its program, in letters that can name a service") {
  CHECK(run_name("uvicorn") == "uvicorn");
  CHECK(run_name("/usr/bin/python3.11") == "python3.11");
  CHECK(run_name("./start server!") == "start-server-");
  CHECK(run_name("7z") == "run-7z");
  CHECK(run_name("all") == "run-all");
  CHECK_FALSE(run_name_mistake(run_name(std::string(300, 'x'))));
  CHECK_FALSE(run_name_mistake(run_name("…")));
}

TEST_CASE("a name of a run has a letter first and no more than 64 bytes") {
  for (const char* name : {"web", "a", "Web-2_x.y"}) CHECK_FALSE(run_name_mistake(name));
  for (const auto& [name, mistake] : std::vector<std::pair<std::string, std::string>>{
           {"", "is empty"},
           {"2web", "does not begin with a letter"},
           {"-x", "does not begin with a letter"},
           {"..", "does not begin with a letter"},
           {"a b", "holds a blank"},
           {"a/b", "holds `/`"},
           {"a\n", "holds a character that is no letter from a to z, digit, -, _ or ."},
           {"all", "is reserved: it stands for all services"},
           {"ports", "is reserved: in .ports.json it is no service"},
           {std::string(65, 'a'), "is 65 bytes long, and 64 are the most"}}) {
    CHECK(run_name_mistake(name) == mistake);
  }
  CHECK_FALSE(run_name_mistake(std::string(64, 'a')));
}

}  // namespace
}  // namespace devinit::config
