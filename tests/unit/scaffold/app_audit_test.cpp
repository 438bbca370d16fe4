#include "scaffold/app_audit.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::scaffold;

namespace {

constexpr const char* kGoodEnv = "PROJECT_NAME=m-app1\nCOMPOSE_PROJECT_NAME=m-app1\nBACKEND_PORT=5001\nFRONTEND_PORT=8001\n";

AppFolder app(const std::string& env, const std::string& root = "/x/m/app1") {
  AppFolder made;
  made.root = root;
  made.owner = owner_by_path(root);
  made.env_files.push_back({".env", env, {}, {}});
  return made;
}

Allocation allocation(Port backend = 5001, Port frontend = 8001, const std::string& name = "m-app1") {
  return {name, backend, frontend, false, {}, {}};
}

std::vector<std::string> messages(const AuditedApp& audited) {
  std::vector<std::string> all;
  for (const auto& finding : audited.findings)
    all.push_back(finding.file + ":" + std::to_string(finding.line) + " " + to_string(finding.fault));
  return all;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("an app that agrees with the registry has no findings") {
  const auto audited = audit_app(app(kGoodEnv), allocation());
  CHECK(audited.findings.empty());
  CHECK(audited.mendings.empty());
}

TEST_CASE("differing ports and names are mended, and a user's lines stay") {
  const auto audited = audit_app(app("SECRET=x\nBACKEND_PORT=1 # mine\nPROJECT_NAME=other\n"), allocation());
  CHECK(messages(audited) == Lines{".env:3 wrong_name", ".env:2 wrong_port", ".env:0 wrong_port"});
  REQUIRE(audited.mendings.size() == 1);
  CHECK(audited.mendings.front().content == "SECRET=x\nBACKEND_PORT=5001 # mine\nPROJECT_NAME=m-app1\nFRONTEND_PORT=8001\n");
}

TEST_CASE("a missing .env is made from its example") {
  auto folder = app("");
  folder.env_files.clear();
  folder.env_examples = {{".env.example", "BACKEND_PORT={{backend_port}}\nKEY=\n", {}, {}},
                         {"backend/.env.example", "PORT=1\n", {}, {}}};
  const auto audited = audit_app(folder, allocation());
  CHECK(messages(audited) == Lines{".env:0 missing_env", "backend/.env:0 missing_env"});
  REQUIRE(audited.mendings.size() == 2);
  CHECK(audited.mendings[0].content.starts_with("BACKEND_PORT=5001\nKEY=\n"));
  CHECK(audited.mendings[1].content == "PORT=5001\n");
}

TEST_CASE("the numbers of devinit.json are mended in place") {
  auto folder = app(kGoodEnv);
  folder.devinit_json = {
      "devinit.json",
      "// mine\n{\"services\": {\"backend\": {\"port\": 5003},\n \"frontend\": {\"port\": {\"prefer\": 1}}}}\n",
      {},
      {}};
  const auto audited = audit_app(folder, allocation());
  CHECK(messages(audited) == Lines{"devinit.json:2 wrong_port", "devinit.json:3 wrong_port"});
  REQUIRE(audited.mendings.size() == 1);
  CHECK(audited.mendings.front().content ==
        "// mine\n{\"services\": {\"backend\": {\"port\": 5001},\n \"frontend\": {\"port\": {\"prefer\": 8001}}}}\n");
}

TEST_CASE("a compose file without a variable is mended where it can be") {
  auto folder = app(kGoodEnv);
  folder.compose_files.push_back(
      {"compose.yml",
       "services:\n  backend:\n    container_name: api\n    ports:\n      - 5001:5000\n  db:\n    ports:\n      - 1:2\n",
       {},
       {}});
  const auto audited = audit_app(folder, allocation());
  CHECK(messages(audited) ==
        Lines{"compose.yml:3 fixed_container_name", "compose.yml:5 fixed_port", "compose.yml:8 fixed_port"});
  CHECK_FALSE(audited.findings.back().mendable);
  REQUIRE(audited.mendings.size() == 1);
  CHECK(audited.mendings.front().content ==
        "services:\n  backend:\n    container_name: ${PROJECT_NAME}-api\n    ports:\n      - ${BACKEND_PORT}:5000\n  db:\n    "
        "ports:\n      - 1:2\n");
}

TEST_CASE("with a compose file its project needs a name that is not the folder's") {
  auto folder = app("PROJECT_NAME=m-app1\nBACKEND_PORT=5001\nFRONTEND_PORT=8001\n");
  CHECK(audit_app(folder, allocation()).findings.empty());
  folder.compose_files.push_back({"compose.yml", "services:\n", {}, {}});
  CHECK(messages(audit_app(folder, allocation())) == Lines{".env:0 wrong_name"});
  folder.compose_files.front().text = "name: ${PROJECT_NAME}\nservices:\n";
  CHECK(audit_app(folder, allocation()).findings.empty());
}

TEST_CASE("an app that the registry does not know cannot be compared") {
  const auto audited = audit_app(app("BACKEND_PORT=1\n"), std::nullopt);
  CHECK(messages(audited) == Lines{":0 not_registered"});
  CHECK(audited.mendings.empty());
}

TEST_CASE("of two apps with one port and name, the wrong one is told") {
  Audit audit([](const std::string&, std::int64_t number) -> Result<std::optional<Allocation>> {
    return std::optional(number == 1 ? allocation() : allocation(5003, 8003, "m-app2"));
  });
  std::vector<AuditedApp> audited;
  for (const auto* root : {"/x/m/app1", "/x/m/app2"}) {
    auto judged = audit.judge(app(kGoodEnv, root));
    REQUIRE(judged.has_value());
    audited.push_back(std::move(*judged));
  }
  audit.report_shared(audited);
  CHECK(audited[0].findings.empty());
  const auto told = messages(audited[1]);
  CHECK(std::ranges::count(told, ".env:3 shared_port") == 1);
  CHECK(std::ranges::count(told, ".env:4 shared_port") == 1);
  CHECK(std::ranges::count(told, ".env:1 shared_name") == 1);
}

TEST_CASE("a file that cannot be read is neither missing nor mended") {
  auto folder = app("");
  folder.env_files.front().problem = "is a FIFO";
  folder.env_examples = {{".env.example", "A=1\n", {}, {}}};
  folder.compose_files.push_back({"compose.yml", "", "Permission denied", {}});
  folder.devinit_json = AppFile{"devinit.json", "", "is a directory", {}};
  const auto audited = audit_app(folder, allocation());
  CHECK(messages(audited) ==
        Lines{".env:0 unreadable_file", "devinit.json:0 unreadable_file", "compose.yml:0 unreadable_file"});
  CHECK(audited.findings.front().message == ".env cannot be read: it is a FIFO");
  CHECK(std::ranges::none_of(audited.findings, &Finding::mendable));
  CHECK(audited.mendings.empty());
}

TEST_CASE("a .env with mistakes is told line by line and left alone") {
  const auto audited = audit_app(app("PROJECT_NAME=\"m\nSECRET=x\nBACKEND_PORT=1\n"), allocation());
  CHECK(messages(audited) == Lines{".env:1 malformed_file"});
  CHECK_FALSE(audited.findings.front().mendable);
  CHECK(audited.mendings.empty());
}

TEST_CASE("a value over several lines is told and not mended, the others are") {
  const auto audited = audit_app(app("PROJECT_NAME=\"m\nx\"\nBACKEND_PORT=1\nFRONTEND_PORT=8001\n"), allocation());
  CHECK(messages(audited) == Lines{".env:1 wrong_name", ".env:3 wrong_port"});
  CHECK_FALSE(audited.findings.front().mendable);
  REQUIRE(audited.mendings.size() == 1);
  CHECK(audited.mendings.front().content == "PROJECT_NAME=\"m\nx\"\nBACKEND_PORT=5001\nFRONTEND_PORT=8001\n");
}

TEST_CASE("a .env that two folders share by a link is judged once") {
  auto folder = app("BACKEND_PORT=1\nFRONTEND_PORT=8001\nPROJECT_NAME=m-app1\n");
  folder.env_files.push_back({"backend/.env", folder.env_files.front().text, {}, ".env"});
  const auto audited = audit_app(folder, allocation());
  CHECK(messages(audited) == Lines{".env:1 wrong_port"});
  CHECK(audited.mendings.size() == 1);
}

TEST_CASE("a host port comes from a variable of the app, or is told") {
  const auto ports = [](const std::string& env, const std::string& port) {
    auto folder = app(std::string(kGoodEnv) + env);
    folder.compose_files.push_back({"compose.yml", "services:\n  web:\n    ports:\n      - \"" + port + ":80\"\n", {}, {}});
    auto allocated = allocation();
    registry::Lease lease;
    lease.port = 7001;
    allocated.leases.push_back(lease);
    return messages(audit_app(folder, allocated));
  };
  CHECK(ports("", "${FRONTEND_PORT:-1}").empty());
  CHECK(ports("WEB=8001\n", "${WEB:-9}").empty());
  CHECK(ports("WEB=7001\n", "$WEB").empty());
  CHECK(ports("WEB=9000\n", "$WEB") == Lines{"compose.yml:4 fixed_port"});
  CHECK(ports("", "${OTHER:-9000}") == Lines{"compose.yml:4 fixed_port"});
  CHECK(ports("", "80${N}") == Lines{"compose.yml:4 unclear_compose"});
}

TEST_CASE("an owner is told by the names of the folders") {
  CHECK(owner_by_path("/g/gpt-5/app12") == std::pair(std::string("gpt-5"), std::int64_t{12}));
  CHECK_FALSE(owner_by_path("/g/gpt-5/app0"));
  CHECK_FALSE(owner_by_path("/g/gpt-5/application"));
  CHECK_FALSE(owner_by_path("/app1"));
  CHECK_FALSE(owner_by_path("app1"));
}
