#include <sys/stat.h>
#include <unistd.h>

#include "contract/network.hpp"
#include "support/temporary_folder.hpp"
#include "os/paths.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("the state folder is private and lies under XDG_STATE_HOME, else under the home") {
  const TemporaryFolder folder;
  const auto by_state = state_directory({{"XDG_STATE_HOME", folder / "state"}, {"HOME", folder / "home"}});
  REQUIRE(by_state.has_value());
  CHECK(*by_state == folder / "state/devinit");
  CHECK(mode_of(*by_state) == 0700);
  const auto by_home = state_directory({{"XDG_STATE_HOME", "relative"}, {"HOME", folder / "home"}});
  REQUIRE(by_home.has_value());
  CHECK(*by_home == folder / "home/.local/state/devinit");
  CHECK(state_directory({{"HOME", folder / "home"}}).has_value());
}

TEST_CASE("a state folder that others can write, or that is no folder of its own, is refused with a way out") {
  const TemporaryFolder folder;
  const Environment environment{{"XDG_STATE_HOME", folder.path()}};
  SECTION("writable by others") {
    std::filesystem::create_directory(folder / "devinit");
    REQUIRE(::chmod((folder / "devinit").c_str(), 0770) == 0);
  }
  SECTION("a symbolic link") {
    std::filesystem::create_directory(folder / "elsewhere");
    std::filesystem::create_directory_symlink("elsewhere", folder / "devinit");
  }
  SECTION("somebody else's") {
    if (::getuid() != 0) return;
    std::filesystem::create_directory(folder / "devinit");
    REQUIRE(::chown((folder / "devinit").c_str(), kNobody, kNobody) == 0);
  }
  const auto state = state_directory(environment);
  REQUIRE(state.has_error());
  CHECK(state.error().code == Errc::refused);
  CHECK_FALSE(state.error().hint.empty());
}

TEST_CASE("a state folder that cannot be made is an error with a hint") {
  const TemporaryFolder folder;
  write(folder / "file", "");
  const auto state = state_directory({{"XDG_STATE_HOME", folder / "file"}});
  REQUIRE(state.has_error());
  CHECK(state.error().code == Errc::io);
  CHECK(state.error().hint.find("XDG_STATE_HOME") != std::string::npos);
}

TEST_CASE("the paths of a project start at its real path and nothing is created for them") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "shop");
  std::filesystem::create_directory_symlink("shop", folder / "link");
  const auto paths = project_paths(folder / "link", {});
  REQUIRE(paths.has_value());
  CHECK(paths->root == folder / "shop");
  CHECK_FALSE(paths->read_only);
  CHECK(paths->data == folder / "shop/.devinit");
  CHECK(paths->lock_file == folder / "shop/.devinit/supervisor.lock");
  CHECK(paths->ports_file == folder / "shop/.ports.json");
  CHECK(paths->runtime_env_file == folder / "shop/.env.runtime");
  CHECK(std::filesystem::is_empty(folder / "shop"));
  CHECK(project_paths(folder / "none", {}).error().code == Errc::not_found);
}

TEST_CASE("the data folder is private, ignores itself and keeps what is in it") {
  const TemporaryFolder folder;
  const auto paths = project_paths(folder.path(), {});
  REQUIRE(paths.has_value());
  REQUIRE(create_data_directories(*paths).has_value());
  CHECK(mode_of(paths->data) == 0700);
  CHECK(std::filesystem::is_directory(paths->logs));
  CHECK(content_of(paths->data + "/.gitignore") == "*\n");
  write(paths->data + "/.gitignore", "mine\n");
  REQUIRE(create_data_directories(*paths).has_value());
  CHECK(content_of(paths->data + "/.gitignore") == "mine\n");
}

TEST_CASE("a data folder that is a symbolic link is refused and nothing is written through it") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "shop");
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::create_directory_symlink("../elsewhere", folder / "shop/.devinit");
  const auto created = create_data_directories(*project_paths(folder / "shop", {}));
  REQUIRE(created.has_error());
  CHECK(created.error().code == Errc::refused);
  CHECK(std::filesystem::is_empty(folder / "elsewhere"));
}

TEST_CASE("a data folder that somebody else made or can write is refused with a way out") {
  const TemporaryFolder folder;
  const auto paths = *project_paths(folder.path(), {});
  REQUIRE(create_data_directories(paths).has_value());
  for (const auto& path : {paths.data, paths.logs}) {
    REQUIRE(::chmod(path.c_str(), 0777) == 0);
    const auto shared = create_data_directories(paths);
    REQUIRE(shared.has_error());
    CHECK(shared.error().code == Errc::refused);
    CHECK(shared.error().message.find(path) != std::string::npos);
    CHECK_FALSE(shared.error().hint.empty());
    REQUIRE(::chmod(path.c_str(), 0700) == 0);
    if (::getuid() != 0) continue;
    REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
    CHECK(create_data_directories(paths).error().code == Errc::refused);
    REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  }
  CHECK(create_data_directories(paths).has_value());
}

TEST_CASE("a read-only project keeps its data under the state folder, each in a place of its own") {
  const TemporaryFolder folder;
  for (const char* name : {"one", "two"}) {
    std::filesystem::create_directory(folder / name);
    REQUIRE(::chmod((folder / name).c_str(), 0555) == 0);
  }
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  Child viewer([&folder](const Child::Side&) {
    if (::getuid() == 0 && ::setuid(kNobody) != 0) return 9;
    const Environment environment{{"XDG_STATE_HOME", folder / "state"}};
    const auto one = project_paths(folder / "one", environment);
    const auto two = project_paths(folder / "two", environment);
    if (!one || !two || !one->read_only || one->data == two->data) return 1;
    if (!one->data.starts_with((folder / "state/devinit/projects/"))) return 2;
    if (one->ports_file != folder / "one/.ports.json") return 3;
    return create_data_directories(*one).has_value() && std::filesystem::is_directory(one->logs) ? 0 : 4;
  });
  CHECK(viewer.exit_code() == 0);
}

TEST_CASE("a run keeps its data under the state folder, by folder and name, and writes nothing into the folder") {
  const TemporaryFolder folder;
  const Environment environment{{"XDG_STATE_HOME", folder / "state"}};
  std::filesystem::create_directory(folder / "a");
  std::filesystem::create_directory(folder / "b");
  const auto paths = run_paths(folder / "a", "web", environment);
  REQUIRE(paths.has_value());
  CHECK(paths->root == folder / "a");
  CHECK(paths->read_only);
  CHECK(paths->data.starts_with(folder / "state/devinit/runs/"));
  CHECK(run_paths(folder / "a", "web", environment)->data == paths->data);
  CHECK(run_paths(folder / "a", "web-2", environment)->data != paths->data);
  CHECK(run_paths(folder / "b", "web", environment)->data != paths->data);
  REQUIRE(create_data_directories(*paths).has_value());
  CHECK(mode_of(paths->data) == 0700);
  CHECK(std::filesystem::is_empty(folder / "a"));
  CHECK(run_paths(folder / "missing", "web", environment).error().code == Errc::not_found);
}
