#include "config/presets.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "config/node_package.hpp"
#include "config/preparation.hpp"
#include "config/python_app.hpp"
#include "config/recognition.hpp"
#include "unit/config/memory_files.hpp"

using namespace devinit;
using namespace devinit::config;

namespace {

const char* const kFastApi = "from fastapi import FastAPI\n\napp = FastAPI()\n";

ServiceConfig applied(const std::string& preset, const std::string& cwd, const ProjectFiles& files,
                      ServiceConfig service = {}) {
  const Preset* found = find_preset(preset);
  REQUIRE(found != nullptr);
  apply_preset(*found, cwd, files, service);
  return service;
}

std::string command_of(const ServiceConfig& service) { return std::get<std::string>(service.command); }

std::string recognised(const ProjectFiles& files, const std::string& folder = "") {
  const Preset* preset = recognise(folder, files);
  return preset == nullptr ? "" : preset->name;
}

std::string package(const std::string& dependency, const std::string& script, const std::string& line) {
  return R"({"dependencies": {")" + dependency + R"(": "1"}, "scripts": {")" + script + R"(": ")" + line + R"("}})";
}

}  // namespace

TEST_CASE("the preset table can be read, and its names are unique") {
  const std::vector<std::string> names = preset_names();
  CHECK(names.size() == presets().size());
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  CHECK(find_preset("next") != nullptr);
  CHECK(find_preset("nextt") == nullptr);
  CHECK(package_managers().back().name == "npm");
}

TEST_CASE("every preset hands its port to the program, as a template or as the PORT variable of a project's own script") {
  const std::set<std::string> by_variable = {"create-react-app", "node", "python", "go"};
  for (const Preset& preset : presets()) {
    INFO(preset.name);
    const bool by_template = (preset.command + preset.port_args).find("{port}") != std::string::npos;
    CHECK(by_template == (by_variable.count(preset.name) == 0));
  }
}

TEST_CASE("every preset fills its whole command even in an empty folder") {
  const MemoryFiles files{};
  for (const Preset& preset : presets()) {
    const std::string command = command_of(applied(preset.name, "", files));
    INFO(preset.name << ": " << command);
    std::string rest = command;
    for (const std::string known : {"{port}", "{host}"}) {  // filled by the supervisor
      for (std::size_t at = rest.find(known); at != std::string::npos; at = rest.find(known)) rest.erase(at, known.size());
    }
    CHECK(rest.find('{') == std::string::npos);
  }
}

TEST_CASE("FastAPI is recognised by its call, wherever the usual places hold it") {
  CHECK(recognised(MemoryFiles{{"main.py", kFastApi}}) == "fastapi");
  CHECK(recognised(MemoryFiles{{"app/main.py", kFastApi}}) == "fastapi");
  CHECK(recognised(MemoryFiles{{"main.py", "print('hello')\n"}}).empty());
}

TEST_CASE("FastAPI runs by uvicorn with the module and the variable that the source names") {
  CHECK(command_of(applied("fastapi", "backend", MemoryFiles{{"backend/app/main.py", kFastApi}})) ==
        "python3 -m uvicorn app.main:app --host {host} --port {port}");
  CHECK(command_of(
            applied("fastapi", "", MemoryFiles{{"main.py", "import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI(\n"}})) ==
        "python3 -m uvicorn main:api --host {host} --port {port}");
  CHECK(command_of(applied("fastapi", "", MemoryFiles{{"main.py", "def create_app():\n  app = FastAPI()\n  return app\n"}})) ==
        "python3 -m uvicorn main:create_app --factory --host {host} --port {port}");
}

TEST_CASE("the application object is the top-level variable, not a local one, a comparison or another class") {
  CHECK(python_app_object("app = FastAPI()", "FastAPI") == "app");
  CHECK(python_app_object("  inner = FastAPI()\nouter = FastAPI()\n", "FastAPI") == "outer");
  CHECK(python_app_object("x == FastAPI()\nother = MyFastAPI()\nserver=FastAPI()\n", "FastAPI") == "server");
  CHECK(python_app_object("def create_app():\n    return FastAPI()\n\napplication = create_app()\n", "FastAPI") ==
        "application");
  CHECK(python_app_object("", "FastAPI") == "app");
}

TEST_CASE("Python modules are named as imports see them") {
  CHECK(python_module("main.py") == "main");
  CHECK(python_module("app/main.py") == "app.main");
  CHECK(python_module("app/__init__.py") == "app");
}

TEST_CASE("Flask, Django and a plain server of the standard library are told apart") {
  CHECK(recognised(MemoryFiles{{"app.py", "from flask import Flask\n"}}) == "flask");
  CHECK(recognised(MemoryFiles{{"manage.py", "from django.core.management import execute_from_command_line\n"}}) == "django");
  CHECK(recognised(MemoryFiles{{"server.py", "from http.server import ThreadingHTTPServer\n"}}) == "python");
  CHECK(command_of(applied("flask", "", MemoryFiles{{"wsgi.py", "import flask\n"}})) ==
        "python3 -m flask --app wsgi run --host {host} --port {port}");
  CHECK(command_of(applied("python", "", MemoryFiles{{"server.py", "import http.server\n"}})) == "python3 server.py");
}

TEST_CASE("a venv in the service's folder or above it gives the interpreter") {
  MemoryFiles files{{"backend/main.py", kFastApi}};
  CHECK(command_of(applied("fastapi", "backend", files)).starts_with("python3 -m"));
  files.with("venv/bin/python");
  CHECK(command_of(applied("fastapi", "backend", files)).starts_with("../venv/bin/python -m"));
  files.with("backend/.venv/bin/python");
  CHECK(command_of(applied("fastapi", "./backend/", files)).starts_with(".venv/bin/python -m"));
}

TEST_CASE("a Python folder that lists requirements and has no venv is not prepared, and runs in the venv to be") {
  const MemoryFiles files{{"main.py", kFastApi}, {"requirements.txt", "fastapi\n"}};
  const ServiceConfig service = applied("fastapi", "", files);
  CHECK(service.prepare.needed);
  CHECK(service.prepare.missing == ".venv");
  CHECK(service.prepare.command == "python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt");
  CHECK(command_of(service).starts_with(".venv/bin/python -m uvicorn"));
}

TEST_CASE("the Python lock file decides how to prepare") {
  const auto command = [](const std::string& file, const std::string& text) {
    return applied("fastapi", "", MemoryFiles{{"main.py", kFastApi}, {"requirements.txt", "fastapi"}, {file, text}})
        .prepare.command;
  };
  CHECK(command("uv.lock", "") == "uv sync");
  CHECK(command("poetry.lock", "").find("poetry install") != std::string::npos);
  CHECK(command("pyproject.toml", "[project]\ndependencies = [\"fastapi\"]\n").find("requirements.txt") != std::string::npos);
}

TEST_CASE("only files that ask for something make a Python folder unprepared") {
  const auto needed = [](const std::string& file, const std::string& text) {
    return applied("fastapi", "", MemoryFiles{{"main.py", kFastApi}, {file, text}}).prepare.needed;
  };
  CHECK_FALSE(needed("requirements.txt", "# none yet\r\n\r\n"));
  CHECK(needed("requirements.txt", "# web\r\nfastapi\r\n"));
  CHECK_FALSE(needed("pyproject.toml", "[tool.ruff]\nline-length = 100\ndependencies = [\"x\"]\n"));
  CHECK_FALSE(needed("pyproject.toml", "[project]\nname = \"x\"\ndependencies = []\n"));
  CHECK(needed("pyproject.toml", "[project]\ndependencies = [\n  \"fastapi\",\n]\n"));
  CHECK(needed("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.11\"\n"));
}

TEST_CASE("a script passes for a framework's only when its last command runs the framework") {
  CHECK(script_ends_in("next dev", "next"));
  CHECK(script_ends_in("cross-env NODE_ENV=development npx next dev --turbo", "next"));
  CHECK(script_ends_in("tsc && ./node_modules/.bin/vite", "vite"));
  CHECK_FALSE(script_ends_in("vite & tsc -w", "vite"));
  CHECK_FALSE(script_ends_in("concurrently \"next dev\" \"tsc -w\"", "next"));
  CHECK_FALSE(script_ends_in("vitest", "vite"));
}

TEST_CASE("each framework of Node is recognised by its dependency and its script") {
  const std::vector<std::vector<std::string>> table = {
      {"next", "next", "dev", "next dev"},
      {"nuxt", "nuxt", "dev", "nuxt dev"},
      {"astro", "astro", "dev", "astro dev"},
      {"angular", "@angular/core", "start", "ng serve"},
      {"react-router", "@react-router/dev", "dev", "react-router dev"},
      {"remix", "@remix-run/dev", "dev", "remix vite:dev"},
      {"gatsby", "gatsby", "develop", "gatsby develop"},
      {"create-react-app", "react-scripts", "start", "react-scripts start"},
      {"vue-cli", "@vue/cli-service", "serve", "vue-cli-service serve"},
      {"sveltekit", "@sveltejs/kit", "dev", "vite dev"},
      {"vite", "vite", "dev", "vite"},
      {"node", "express", "start", "node server.js"},
      {"node", "next", "dev", "node custom-server.js"},
  };
  for (const auto& row : table) {
    INFO(row[0]);
    CHECK(recognised(MemoryFiles{{"package.json", package(row[1], row[2], row[3])}}) == row[0]);
  }
  CHECK(recognised(MemoryFiles{{"package.json", R"({"name": "library", "scripts": {"test": "x"}})"}}).empty());
  CHECK(recognised(MemoryFiles{{"package.json", "{ not json"}}).empty());
}

TEST_CASE("the port's flag goes through the package manager of the lock file") {
  const auto command = [](const std::string& lock) {
    return command_of(
        applied("next", "web", MemoryFiles{{"web/package.json", package("next", "dev", "next dev")}, {"web/" + lock, ""}}));
  };
  CHECK(command("package-lock.json") == "npm run dev -- -p {port}");
  CHECK(command("pnpm-lock.yaml") == "pnpm run dev -p {port}");
  CHECK(command("yarn.lock") == "yarn run dev -p {port}");
  CHECK(command("bun.lock") == "bun run dev -p {port}");
  CHECK(command("README.md") == "npm run dev -- -p {port}");
}

TEST_CASE("without a lock file the packageManager field of package.json decides") {
  const MemoryFiles files{
      {"package.json", R"({"packageManager": "pnpm@9.1.0", "dependencies": {"x": "1"}, "scripts": {"start": "node ."}})"}};
  CHECK(command_of(applied("node", "", files)) == "pnpm run start");
  CHECK(applied("node", "", files).prepare.command == "pnpm install");
}

TEST_CASE("Vite is pinned to its port and to the loopback address") {
  const MemoryFiles files{{"package.json", package("vite", "dev", "vite")}};
  CHECK(command_of(applied("vite", "", files)) == "npm run dev -- --host {host} --port {port} --strictPort");
}

TEST_CASE("a clone without node_modules is not prepared, and the lock file decides how") {
  const auto prepare = [](const std::string& lock) {
    return applied("vite", "", MemoryFiles{{"package.json", package("vite", "dev", "vite")}, {lock, ""}}).prepare;
  };
  CHECK(prepare("package-lock.json").needed);
  CHECK(prepare("package-lock.json").missing == "node_modules");
  CHECK(prepare("package-lock.json").command == "npm ci");
  CHECK(prepare("pnpm-lock.yaml").command == "pnpm install --frozen-lockfile");
  CHECK(prepare("yarn.lock").command == "yarn install --frozen-lockfile");
  CHECK(prepare("bun.lockb").command == "bun install --frozen-lockfile");
  CHECK(prepare("README.md").command == "npm install");
  CHECK_FALSE(prepare("node_modules/vite/package.json").needed);
  CHECK_FALSE(prepare(".pnp.cjs").needed);
}

TEST_CASE("a package without dependencies needs no node_modules") {
  CHECK_FALSE(applied("node", "", MemoryFiles{{"package.json", R"({"scripts": {"dev": "node server.js"}})"}}).prepare.needed);
}

TEST_CASE("a workspace installs at its root, an unrelated lock file above does not count") {
  MemoryFiles files{{"package.json", R"({"workspaces": ["apps/*"]})"},
                    {"package-lock.json", ""},
                    {"apps/web/package.json", package("next", "dev", "next dev")}};
  const PrepareSpec prepare = applied("next", "apps/web", files).prepare;
  CHECK(prepare.missing == "../../node_modules");
  CHECK(prepare.command == "cd ../../ && npm ci");
  files.with("node_modules/next/package.json");
  CHECK_FALSE(applied("next", "apps/web", files).prepare.needed);
  files.with("package.json", R"({"devDependencies": {"husky": "9"}})");
  CHECK(applied("next", "apps/web", files).prepare.command == "npm install");
}

TEST_CASE("a preset fills only what the service leaves open") {
  ServiceConfig service;
  service.name = "shop";
  service.command = std::string("npm run mine");
  service.port.emplace();
  service.port->prefer = 4000;
  service.env = {{"BROWSER", "firefox"}};
  const MemoryFiles files{{"package.json", package("next", "dev", "next dev")}};
  service = applied("next", "", files, service);
  CHECK(command_of(service) == "npm run mine");
  CHECK(service.port->prefer == Port{4000});
  CHECK(service.port->source == PortSource::config);
  CHECK(service.preset == "next");
  CHECK(service.env ==
        std::vector<std::pair<std::string, std::string>>{{"BROWSER", "firefox"}, {"NEXT_TELEMETRY_DISABLED", "1"}});
}

TEST_CASE("backend and frontend have their well-known ports whatever the framework, others the preset's") {
  const auto port = [](const std::string& name) {
    ServiceConfig service;
    service.name = name;
    const PortSpec spec = *applied("vite", "", MemoryFiles{}, service).port;
    CHECK(spec.source == PortSource::preset);
    return *spec.prefer;
  };
  CHECK(port("backend") == 8000);
  CHECK(port("frontend") == 3000);
  CHECK(port("docs") == 5173);
}
