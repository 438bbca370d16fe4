#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "os/files.hpp"
#include "os/folder_tree.hpp"
#include "scaffold/audit.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::scaffold;
using namespace devinit::test;

namespace {

constexpr const char* kGoodEnv = "PROJECT_NAME=m-app1\nBACKEND_PORT=5001\nFRONTEND_PORT=8001\n";
constexpr const char* kWrongEnv = "PROJECT_NAME=m-app1\nBACKEND_PORT=1\nFRONTEND_PORT=8001\n";

AuditedApp judged(const TemporaryFolder& folder) {
  Audit audit([](const std::string&, std::int64_t) -> Result<std::optional<Allocation>> {
    return std::optional(Allocation{"m-app1", 5001, 8001, false, {}, {}});
  });
  auto app = audit.judge(read_app({folder.path(), AppOwner("m", 1)}));
  REQUIRE(app.has_value());
  return std::move(*app);
}

std::vector<Fault> faults(const AuditedApp& app) {
  std::vector<Fault> all;
  for (const auto& finding : app.findings) all.push_back(finding.fault);
  return all;
}

}  // namespace

TEST_CASE("a .env that leads out of the app is told, and nothing is written there") {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  outside.write("secret", "BACKEND_PORT=1\n");
  REQUIRE(::symlink((outside / "secret").c_str(), (folder / ".env").c_str()) == 0);
  folder.write(".env.example", "BACKEND_PORT=\n");
  auto app = judged(folder);
  CHECK(faults(app) == std::vector{Fault::unreadable_file});
  CHECK(mend(app));
  CHECK(content_of(outside / "secret") == "BACKEND_PORT=1\n");
}

TEST_CASE("a file that is too long, or no file, is not missing") {
  const TemporaryFolder folder;
  folder.write(".env.example", "A=1\n");
  SECTION("longer than 1 MiB") { folder.write(".env", std::string(os::kMaxTextFile + 1, '#')); }
  SECTION("a folder") { REQUIRE(::mkdir((folder / ".env").c_str(), 0755) == 0); }
  SECTION("a FIFO") { REQUIRE(::mkfifo((folder / ".env").c_str(), 0600) == 0); }
  SECTION("a link to nothing") { REQUIRE(::symlink("nowhere", (folder / ".env").c_str()) == 0); }
  const auto app = judged(folder);
  CHECK(faults(app) == std::vector{Fault::unreadable_file});
  CHECK(app.mendings.empty());
}

TEST_CASE("links inside the app stay, and lead the mending to the file") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "config").c_str(), 0755) == 0);
  REQUIRE(::mkdir((folder / "backend").c_str(), 0755) == 0);
  folder.write("config/env", kWrongEnv, 0600);
  REQUIRE(::symlink("config/env", (folder / ".env").c_str()) == 0);
  REQUIRE(::symlink("../.env", (folder / "backend/.env").c_str()) == 0);
  auto app = judged(folder);
  CHECK(faults(app) == std::vector{Fault::wrong_port});
  CHECK(mend(app));
  CHECK(content_of(folder / "config/env") == kGoodEnv);
  CHECK(os::kind_at(folder / ".env") == os::TreeEntry::Kind::link);
  CHECK(judged(folder).findings.empty());
}

TEST_CASE("an edit between judging and mending is not lost") {
  const TemporaryFolder folder;
  folder.write(".env", kWrongEnv);
  auto app = judged(folder);
  const std::string edited = std::string(kWrongEnv) + "SECRET=new\n";
  folder.write(".env", edited);
  CHECK_FALSE(mend(app));
  CHECK(app.mendings.empty());
  REQUIRE(faults(app) == std::vector{Fault::wrong_port, Fault::not_written});
  CHECK(app.findings.back().message.find("changed meanwhile") != std::string::npos);
  CHECK(content_of(folder / ".env") == edited);
}

TEST_CASE("a .env that comes into being before it is made stays") {
  const TemporaryFolder folder;
  folder.write(".env.example", "A=1\n");
  auto app = judged(folder);
  REQUIRE(app.mendings.size() == 1);
  folder.write(".env", "SECRET=mine\n");
  CHECK_FALSE(mend(app));
  CHECK(content_of(folder / ".env") == "SECRET=mine\n");
}

TEST_CASE("what cannot be written does not keep the rest from being mended") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "backend").c_str(), 0755) == 0);
  folder.write(".env", kWrongEnv);
  folder.write("backend/.env", "PORT=1\n");
  auto app = judged(folder);
  REQUIRE(app.mendings.size() == 2);
  folder.write(".env", "");
  CHECK_FALSE(mend(app));
  CHECK(app.mendings.size() == 1);
  CHECK(content_of(folder / "backend/.env") == "PORT=5001\n");
}

TEST_CASE("apps are found by what they hold and by what is known, and linked folders are not searched") {
  const TemporaryFolder folder;
  for (const char* name : {"m", "m/app1", "m/app1/inner", "known", "empty", ".hidden", "node_modules"})
    REQUIRE(::mkdir((folder / name).c_str(), 0755) == 0);
  for (const char* name : {"m/app1/compose.yml", "m/app1/inner/.env", ".hidden/.env", "node_modules/.env"})
    folder.write(name, "");
  REQUIRE(::symlink("m/app1", (folder / "linked").c_str()) == 0);
  const auto places = find_apps(folder.path(), {{folder / "known", AppOwner("k", 7)}});
  REQUIRE(places.has_value());
  REQUIRE(places->size() == 2);
  CHECK((*places)[0].root == folder / "known");
  CHECK((*places)[0].owner == AppOwner("k", 7));
  CHECK((*places)[1].root == folder / "m/app1");
  CHECK((*places)[1].owner == AppOwner("m", 1));
}
