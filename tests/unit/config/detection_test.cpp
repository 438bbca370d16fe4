#include "config/detection.hpp"

#include <catch2/catch.hpp>

#include "config/config_file.hpp"
#include "unit/config/memory_files.hpp"

using namespace devinit;
using namespace devinit::config;

namespace {

const char* const kFastApi = "from fastapi import FastAPI\napp = FastAPI()\n";
const char* const kNext = R"({"dependencies": {"next": "15"}, "scripts": {"dev": "next dev"}})";
const char* const kVite = R"({"devDependencies": {"vite": "7"}, "scripts": {"dev": "vite"}})";
const char* const kExpress = R"({"scripts": {"start": "node index.js"}})";
const char* const kPythonServer = "import http.server\n";

ProjectConfig detected(const ProjectFiles& files) {
  const Result<ProjectConfig> config = detect(files, "shop");
  REQUIRE(config.has_value());
  return *config;
}

/// "name preset folder port" per service.
std::vector<std::string> summary(const ProjectConfig& config) {
  std::vector<std::string> lines;
  for (const ServiceConfig& service : config.services) {
    const std::string port = !service.port ? "-" : !service.port->prefer ? "auto" : std::to_string(*service.port->prefer);
    lines.push_back(service.name + " " + service.preset + " " + (service.cwd.empty() ? "." : service.cwd) + " " + port);
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("backend/ and frontend/ are found with their well-known ports") {
  const ProjectConfig config = detected(MemoryFiles{{"backend/app/main.py", kFastApi}, {"frontend/package.json", kNext}});
  CHECK(summary(config) == Lines{"backend fastapi backend 8000", "frontend next frontend 3000"});
  CHECK(config.name == "shop");
  CHECK(config.file.empty());
  CHECK(config.services[0].port->source == PortSource::preset);
  CHECK(config.services[1].depends_on.empty());
}

TEST_CASE("api/ and web/, server/ and client/ are a backend and a frontend, too") {
  CHECK(summary(detected(MemoryFiles{{"api/main.py", kFastApi}, {"web/package.json", kVite}})) ==
        Lines{"backend fastapi api 8000", "frontend vite web 3000"});
  CHECK(summary(detected(MemoryFiles{{"server/package.json", kExpress}, {"client/index.html", ""}})) ==
        Lines{"backend node server 8000", "frontend static client 3000"});
}

TEST_CASE("a second backend keeps its folder's name and gets a port of its own") {
  CHECK(summary(detected(MemoryFiles{{"backend/main.py", kFastApi}, {"api/main.py", kFastApi}})) ==
        Lines{"backend fastapi backend 8000", "api fastapi api 8001"});
}

TEST_CASE("apps/* keep their folder names, and their ports differ") {
  const MemoryFiles files{
      {"apps/admin/package.json", kNext},       {"apps/api/main.py", kFastApi}, {"apps/web/package.json", kNext},
      {"apps/.cache/package.json", kNext},      {"apps/notes.txt", ""},         {"apps/my docs/package.json", kVite},
      {"package.json", R"({"workspaces": []})"}};
  CHECK(summary(detected(files)) == Lines{"admin next apps/admin 3001", "api fastapi apps/api 8000",
                                          "my-docs vite apps/my docs 5173", "web next apps/web 3000"});
}

TEST_CASE("folders whose names cannot name a service, or name one twice, get a name that can") {
  CHECK(summary(detected(MemoryFiles{{"apps/2048/index.html", ""},
                                     {"apps/all/index.html", ""},
                                     {"apps/my-x/index.html", ""},
                                     {"apps/my_x/index.html", ""}})) ==
        Lines{"app-2048 static apps/2048 8000", "app-all static apps/all 8001", "my-x static apps/my-x 8002",
              "my_x-2 static apps/my_x 8003"});
}

TEST_CASE("the root alone is the backend or the frontend, by what it is") {
  CHECK(summary(detected(MemoryFiles{{"main.py", kFastApi}})) == Lines{"backend fastapi . 8000"});
  CHECK(summary(detected(MemoryFiles{{"package.json", kNext}})) == Lines{"frontend next . 3000"});
  CHECK(summary(detected(MemoryFiles{{"index.html", ""}})) == Lines{"frontend static . 3000"});
  CHECK(summary(detected(MemoryFiles{{"server.py", kPythonServer}})) == Lines{"backend python . 8000"});
}

TEST_CASE("a framework at the root joins a folder of the other role") {
  CHECK(summary(detected(MemoryFiles{{"manage.py", "django"}, {"frontend/package.json", kVite}})) ==
        Lines{"frontend vite frontend 3000", "backend django . 8000"});
  CHECK(summary(detected(MemoryFiles{{"package.json", kVite}, {"server/package.json", kExpress}})) ==
        Lines{"backend node server 8000", "frontend vite . 3000"});
}

TEST_CASE("a root script that starts the folders, or a second root of a role that is taken, is no service of its own") {
  const char* const both = R"({"scripts": {"dev": "concurrently \"npm:api\" \"npm:web\""}})";
  CHECK(summary(detected(MemoryFiles{{"package.json", both}, {"frontend/package.json", kVite}})) ==
        Lines{"frontend vite frontend 3000"});
  CHECK(summary(detected(MemoryFiles{{"main.py", kFastApi}, {"backend/main.py", kFastApi}})) ==
        Lines{"backend fastapi backend 8000"});
}

TEST_CASE("a Procfile says it all") {
  const MemoryFiles files{{"Procfile",
                           "# processes\r\n"
                           "web: gunicorn app:app --bind 127.0.0.1:$PORT\r\n"
                           "frontend:   npm run dev\r\n"
                           "metrics: ./metrics --port $PORT\n"
                           "worker: celery -A app worker\n"
                           "release: python manage.py migrate\n"
                           "not a process\n"},
                          {"backend/main.py", kFastApi}};
  const ProjectConfig config = detected(files);
  CHECK(summary(config) == Lines{"web  . 8000", "frontend  . 3000", "metrics  . auto", "worker  . -"});
  CHECK(std::get<std::string>(config.services[0].command) == "gunicorn app:app --bind 127.0.0.1:$PORT");
  CHECK(config.services[3].ready.kind == ProbeKind::none);
}

TEST_CASE("Procfile.dev comes before Procfile, and an empty one is no answer") {
  CHECK(summary(detected(MemoryFiles{{"Procfile.dev", "web: bin/rails server\n"}, {"Procfile", "api: x\n"}})) ==
        Lines{"web  . 8000"});
  CHECK(summary(detected(MemoryFiles{{"Procfile", "# nothing\n"}, {"main.py", kFastApi}})) == Lines{"backend fastapi . 8000"});
}

TEST_CASE("only one process of a role gets the role's port") {
  CHECK(summary(detected(MemoryFiles{{"Procfile", "api: a\nweb: b\n"}})) == Lines{"api  . 8000", "web  . auto"});
}

TEST_CASE("braces of a Procfile are text, not templates") {
  const ProjectConfig config = detected(MemoryFiles{{"Procfile", "web: run --format '{port}' '{{.Names}}'\n"}});
  CHECK(std::get<std::string>(config.services[0].command) == "run --format '{{port}}' '{{.Names}}'");
}

TEST_CASE("a process that stands twice in a Procfile is a mistake with its place") {
  const Result<ProjectConfig> config = detect(MemoryFiles{{"Procfile", "web: a\n\nweb: b\n"}}, "shop");
  REQUIRE(config.has_error());
  CHECK(config.error().code == Errc::config);
  CHECK(config.error().message.starts_with("Procfile:3:1: "));
}

TEST_CASE("nothing found says what was looked for and gives a devinit.json to paste") {
  const Result<ProjectConfig> config = detect(MemoryFiles{{"backend/main.c", ""}}, "shop");
  REQUIRE(config.has_error());
  const Error error = config.error();
  CHECK(error.code == Errc::not_found);
  for (const char* word : {"shop", "Procfile", "frontend/", "apps/*", "FastAPI", "Next.js", "not recognised: backend/"}) {
    INFO(word);
    CHECK(error.message.find(word) != std::string::npos);
  }
  const std::string json = error.hint.substr(error.hint.find('{'));
  CHECK(std::count(json.begin(), json.end(), '\n') == 4);
  CHECK(parse_config(json, "devinit.json", "shop", {}, MemoryFiles{}).has_value());
}

TEST_CASE("the devinit.json that is written parses back to the same services") {
  const std::vector<MemoryFiles> projects = {
      {{"backend/app/main.py", kFastApi}, {"backend/requirements.txt", "fastapi"}, {"frontend/package.json", kNext}},
      {{"server.py", kPythonServer}},
      {{"apps/admin/package.json", kVite}, {"apps/my docs/package.json", kVite}},
      {{"Procfile", "web: run --url \"http://x:${PORT}\" '{port}'\nworker: a\\b\nother: $PORT\n"}},
  };
  for (const MemoryFiles& files : projects) {
    const ProjectConfig config = detected(files);
    const std::string json = to_devinit_json(config);
    INFO(json);
    const Result<ProjectConfig> parsed = parse_config(json, "devinit.json", "shop", {}, files);
    if (parsed.has_error()) FAIL(parsed.error().message);
    CHECK(summary(*parsed) == summary(config));
    REQUIRE(parsed->services.size() == config.services.size());
    for (std::size_t i = 0; i < config.services.size(); ++i) {
      CHECK(parsed->services[i].command == config.services[i].command);
      CHECK(parsed->services[i].env == config.services[i].env);
      CHECK(parsed->services[i].prepare.command == config.services[i].prepare.command);
      CHECK(parsed->services[i].ready.kind == config.services[i].ready.kind);
    }
  }
}
