#include "cli/task_fingerprint.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temporary_folder.hpp"

namespace devinit::cli {
namespace {

config::ServiceConfig migrate(std::vector<std::string> inputs) {
  config::ServiceConfig task;
  task.name = "migrate";
  task.kind = config::ServiceKind::task;
  task.run = config::TaskRun::once;
  task.command = "alembic upgrade head";
  task.inputs = std::move(inputs);
  return task;
}

/// A checkout with two migrations and something else.
class Checkout {
 public:
  Checkout() {
    for (const char* name : {"db", "db/old", "node_modules", "node_modules/x"}) std::filesystem::create_directory(folder.path(name));
    write("db/1.sql", "one");
    write("db/old/0.sql", "zero");
    write("db/readme.txt", "text");
    write("node_modules/x/dep.sql", "theirs");
  }
  void write(const std::string& name, const std::string& text) const { folder.write(name, text); }
  [[nodiscard]] std::string fingerprint(const config::ServiceConfig& task = migrate({"db/**/*.sql"})) const {
    const auto result = task_fingerprint(task, folder.path());
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result.has_value());
    return *result;
  }

  const test::TemporaryFolder folder;
};

TEST_CASE("the same command over the same files is the same") {
  const Checkout checkout;
  CHECK(checkout.fingerprint().size() == 16);
  CHECK(checkout.fingerprint() == checkout.fingerprint());
  const Checkout copy;
  CHECK(checkout.fingerprint() == copy.fingerprint());
}

TEST_CASE("a change of a matching file, its name, or one more of them shows") {
  const Checkout checkout;
  const auto before = checkout.fingerprint();
  checkout.write("db/old/0.sql", "Zero");
  const auto edited = checkout.fingerprint();
  CHECK(edited != before);
  checkout.write("db/2.sql", "");
  const auto added = checkout.fingerprint();
  CHECK(added != edited);
  std::filesystem::rename(checkout.folder.path("db/2.sql"), checkout.folder.path("db/3.sql"));
  CHECK(checkout.fingerprint() != added);
}

TEST_CASE("what does not match does not count") {
  const Checkout checkout;
  const auto before = checkout.fingerprint();
  checkout.write("db/readme.txt", "other text");
  CHECK(checkout.fingerprint() == before);
}

TEST_CASE("command, folder and environment count") {
  const Checkout checkout;
  const auto before = checkout.fingerprint(migrate({}));
  auto task = migrate({});
  task.command = std::vector<std::string>{"alembic", "upgrade", "head"};
  CHECK(checkout.fingerprint(task) != before);
  task = migrate({});
  task.env = {{"STAGE", "test"}};
  CHECK(checkout.fingerprint(task) != before);
  task = migrate({});
  task.cwd = "db";
  CHECK(checkout.fingerprint(task) != before);
}

TEST_CASE("installed packages are searched only for patterns that name them") {
  const Checkout checkout;
  const auto before = checkout.fingerprint(migrate({"**/*.sql"}));
  const auto named = checkout.fingerprint(migrate({"node_modules/**"}));
  checkout.write("node_modules/x/dep.sql", "newer");
  CHECK(checkout.fingerprint(migrate({"**/*.sql"})) == before);
  CHECK(checkout.fingerprint(migrate({"node_modules/**"})) != named);
}

TEST_CASE("a folder stands for all that is in it, and a missing one for nothing") {
  const Checkout checkout;
  const auto before = checkout.fingerprint(migrate({"db"}));
  checkout.write("db/old/0.sql", "changed");
  CHECK(checkout.fingerprint(migrate({"db"})) != before);
  CHECK(checkout.fingerprint(migrate({"missing/**"})) == checkout.fingerprint(migrate({"missing/**"})));
}

TEST_CASE("a link counts by where it points, and is not followed") {
  const Checkout checkout;
  const auto link = checkout.folder.path("db/link.sql");
  REQUIRE(::symlink("readme.txt", link.c_str()) == 0);
  const auto before = checkout.fingerprint();
  checkout.write("db/readme.txt", "other text");
  CHECK(checkout.fingerprint() == before);
  REQUIRE(::unlink(link.c_str()) == 0);
  REQUIRE(::symlink("1.sql", link.c_str()) == 0);
  CHECK(checkout.fingerprint() != before);
}

TEST_CASE("a file that cannot be read is an error that names it and the task") {
  if (::geteuid() == 0) return;  // root reads everything
  const Checkout checkout;
  std::filesystem::permissions(checkout.folder.path("db/1.sql"), std::filesystem::perms::none);
  const auto result = task_fingerprint(migrate({"db/**/*.sql"}), checkout.folder.path());
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("migrate") != std::string::npos);
  CHECK(result.error().message.find("1.sql") != std::string::npos);
}

TEST_CASE("only tasks that run once have a fingerprint, and those that are to run again have none") {
  const Checkout checkout;
  const auto once = migrate({});
  auto each = migrate({});
  each.name = "generate";
  each.run = config::TaskRun::each;
  auto other = migrate({});
  other.name = "seed";
  const auto found = task_fingerprints({&once, &each, &other}, checkout.folder.path(), {"seed"});
  REQUIRE(found.has_value());
  CHECK(found->size() == 1);
  CHECK(found->contains("migrate"));
}

}  // namespace
}  // namespace devinit::cli
