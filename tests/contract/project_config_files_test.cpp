#include <catch2/catch.hpp>
#include <filesystem>

#include "project/project.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::project {
namespace {

constexpr const char* kApi = R"({"services": {"api": {"command": "x"}}})";

/// A project, and beside it a folder that is none of its own.
class TwoFolders {
 public:
  TwoFolders() {
    std::filesystem::create_directories(folder_ / "project/.git");
    std::filesystem::create_directories(folder_ / "elsewhere");
    folder_.write("elsewhere/other.json", R"({"env": {"FROM": "elsewhere"}})");
  }

  void write(const std::string& name, const std::string& text) { folder_.write("project/" + name, text); }
  void link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, folder_ / ("project/" + name));
  }

  [[nodiscard]] Result<config::ProjectConfig> load() const {
    const os::Environment environment{{"HOME", folder_.path()}, {"XDG_STATE_HOME", folder_ / "state"}};
    TRY_ASSIGN(const auto project, open_project(folder_ / "project", environment));
    return load_config(project);
  }
  /// Why it cannot be loaded; the temporary folder is `…`.
  [[nodiscard]] std::string mistake() const {
    const auto config = load();
    REQUIRE_FALSE(config.has_value());
    CHECK(config.error().code == Errc::config);
    std::string text = config.error().message;
    for (auto at = text.find(folder_.path()); at != std::string::npos; at = text.find(folder_.path())) {
      text.replace(at, folder_.path().size(), "…");
    }
    return text;
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_CASE("an included file is not followed out of the project") {
  TwoFolders folders;
  folders.write("devinit.json", R"({"include": ["infra.json"], "services": {"api": {"command": "x"}}})");
  folders.link("../elsewhere/other.json", "infra.json");
  CHECK(folders.mistake() ==
        "devinit.json:1:14: infra.json is a symbolic link to …/elsewhere/other.json, outside the project (replace the link by a "
        "file, or by a link to a file inside the project)");
}

TEST_CASE("nor is one in a folder that is a link out of it") {
  TwoFolders folders;
  folders.write("devinit.json", R"({"include": ["infra/other.json"], "services": {"api": {"command": "x"}}})");
  folders.link("../elsewhere", "infra");
  CHECK(folders.mistake().find("outside the project") != std::string::npos);
}

TEST_CASE("a link to another file of the project may be included") {
  TwoFolders folders;
  folders.write("devinit.json", R"({"include": ["infra.json"], "services": {"api": {"command": "x"}}})");
  folders.write("real.json", R"({"env": {"FROM": "real"}})");
  folders.link("real.json", "infra.json");
  const auto config = folders.load();
  REQUIRE(config.has_value());
  CHECK(config->services[0].env.front().second == "real");
}

TEST_CASE("the local overlay is as devinit.json: a file inside the project, or a mistake") {
  TwoFolders folders;
  folders.write("devinit.json", kApi);
  SECTION("outside") {
    folders.link("../elsewhere/other.json", "devinit.local.json");
    CHECK(folders.mistake().find("devinit.local.json is a symbolic link to …/elsewhere/other.json, outside the project") !=
          std::string::npos);
  }
  SECTION("a link to nothing") {
    folders.link("nothing.json", "devinit.local.json");
    CHECK(folders.mistake().find("is a symbolic link to nothing.json, which does not exist") != std::string::npos);
  }
  SECTION("a folder") {
    folders.link(".git", "devinit.local.json");
    CHECK(folders.mistake().find("devinit.local.json is a directory") != std::string::npos);
  }
}

TEST_CASE("a local overlay without devinit.json is a mistake") {
  TwoFolders folders;
  folders.write("devinit.local.json", kApi);
  CHECK(folders.mistake() == "devinit.local.json changes what devinit.json says, and there is none");
}

}  // namespace
}  // namespace devinit::project
