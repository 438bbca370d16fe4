#include "scaffold/template_tree.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "scaffold/app_values.hpp"
#include "scaffold/project_name.hpp"
#include "scaffold/rendering.hpp"

using namespace devinit;
using namespace devinit::scaffold;

namespace {

using Kind = os::TreeEntry::Kind;

os::TreeEntry named_link(const std::string& path, const std::string& target) { return {path, Kind::link, 0777, 0, target, {}}; }

}  // namespace

TEST_CASE("a link leaves the tree by what it leads to, not by how it is written") {
  CHECK_FALSE(leaves_tree({named_link("a", "b")}, "a"));
  CHECK_FALSE(leaves_tree({named_link("x/a", "../b/c")}, "x/a"));
  CHECK_FALSE(leaves_tree({named_link("x/a", "./y/../../b")}, "x/a"));
  CHECK(leaves_tree({named_link("a", "..")}, "a"));
  CHECK(leaves_tree({named_link("x/a", "../../b")}, "x/a"));
  CHECK(leaves_tree({named_link("a", "/etc/passwd")}, "a"));
}

TEST_CASE("other links on the way count") {
  CHECK(leaves_tree({named_link("deep", "x/y/z"), named_link("a", "deep/../../../../b")}, "a"));
  CHECK_FALSE(leaves_tree({named_link("deep", "x/y/z"), named_link("a", "deep/../../b")}, "a"));
  CHECK(leaves_tree({named_link("up", "x"), named_link("a", "up/../../b")}, "a"));
  CHECK(leaves_tree({named_link("a", "b"), named_link("b", "a")}, "a"));
}

TEST_CASE("text is UTF-8 without NUL") {
  CHECK(is_text(""));
  CHECK(is_text("grüße\n"));
  CHECK_FALSE(is_text(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_text("caf\xE9"));
  CHECK_FALSE(is_text("\xC0\xAF"));
}

TEST_CASE("the built-in template is complete and knows all of its placeholders") {
  const auto made = built_in_template("react-flask");
  REQUIRE(made);
  const AppValues values{"a-app1", "a", 1, 5001, 8001, {}};
  CHECK(check_placeholders(*made, values).has_value());
  const auto entries = render(*made, values);
  REQUIRE(entries.has_value());
  for (const std::string path :
       {".env", ".env.example", ".gitignore", "README.md", "devinit.json", "docker-compose.yml", "backend/app/__init__.py",
        "backend/requirements.txt", "frontend/package-lock.json", "frontend/vite.config.js"}) {
    CAPTURE(path);
    CHECK(std::any_of(entries->begin(), entries->end(), [&](const auto& entry) { return entry.path == path; }));
  }
  CHECK_FALSE(built_in_template("nothing"));
}

TEST_CASE("the built-in lock file names no registry: packages come from wherever the user has them") {
  const auto made = built_in_template("react-flask");
  REQUIRE(made);
  const auto lock = std::find_if(made->entries.begin(), made->entries.end(),
                                 [](const auto& entry) { return entry.path == "frontend/package-lock.json"; });
  REQUIRE(lock != made->entries.end());
  CHECK(lock->content.find("\"resolved\"") == std::string::npos);
}

TEST_CASE("a project name is one that compose takes") {
  CHECK(preferred_project_name("anthropic_claude-4.5-haiku", 1) == "anthropic-claude-4-5-haiku-app1");
  CHECK(preferred_project_name("GPT 5 / mini", 12) == "gpt-5-mini-app12");
  CHECK(preferred_project_name(std::string(200, 'x'), 1).size() <= 63);
}
