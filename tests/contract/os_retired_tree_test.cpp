#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/files.hpp"
#include "os/retired_tree.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

namespace {

/// An old folder, the one that takes its place, and what is known of the old one.
class Exchange {
 public:
  Exchange() {
    for (const char* name : {"old", "fresh"}) REQUIRE(::mkdir((folder / name).c_str(), 0755) == 0);
  }
  void list() {
    const auto tree = FolderTree::open(folder / "old");
    REQUIRE(tree.has_value());
    auto listed = tree->list();
    REQUIRE(listed.has_value());
    known = std::move(*listed);
  }
  [[nodiscard]] bool retire() const {
    const UniqueFd old(::open((folder / "old").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const UniqueFd fresh(::open((folder / "fresh").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return retire_tree(old.get(), fresh.get(), known);
  }
  const TemporaryFolder folder;
  std::vector<TreeEntry> known;
};

}  // namespace

TEST_CASE("what was known and has not changed goes") {
  Exchange exchange;
  REQUIRE(::mkdir((exchange.folder / "old/closed").c_str(), 0755) == 0);
  exchange.folder.write("old/closed/file", "x");
  REQUIRE(::symlink("/etc", (exchange.folder / "old/link").c_str()) == 0);
  REQUIRE(::mkfifo((exchange.folder / "old/fifo").c_str(), 0600) == 0);
  REQUIRE(::chmod((exchange.folder / "old/closed").c_str(), 0) == 0);
  if (::geteuid() != 0) REQUIRE(::chmod((exchange.folder / "old/closed").c_str(), 0500) == 0);
  exchange.list();
  CHECK(exchange.retire());
  CHECK(list_directory(exchange.folder / "old").empty());
  CHECK(list_directory(exchange.folder / "fresh").empty());
}

TEST_CASE("what is new moves, also below folders that the new tree has") {
  Exchange exchange;
  for (const char* name : {"old/sub", "fresh/sub"}) REQUIRE(::mkdir((exchange.folder / name).c_str(), 0755) == 0);
  exchange.list();
  exchange.folder.write("old/sub/new", "new");
  REQUIRE(::symlink("sub/new", (exchange.folder / "old/link").c_str()) == 0);
  CHECK(exchange.retire());
  CHECK(content_of(exchange.folder / "fresh/link") == "new");
}

TEST_CASE("what has no place in the new tree stays in the old one") {
  Exchange exchange;
  REQUIRE(::mkdir((exchange.folder / "old/gone").c_str(), 0755) == 0);
  exchange.folder.write("old/same", "1");
  exchange.list();
  exchange.folder.write("old/same", "changed");
  exchange.folder.write("old/both", "of the old");
  exchange.folder.write("old/gone/new", "new");
  exchange.folder.write("fresh/same", "of the template");
  exchange.folder.write("fresh/both", "of the new");
  CHECK_FALSE(exchange.retire());
  CHECK(content_of(exchange.folder / "old/same") == "changed");
  CHECK(content_of(exchange.folder / "old/both") == "of the old");
  CHECK(content_of(exchange.folder / "old/gone/new") == "new");
  CHECK(content_of(exchange.folder / "fresh/same") == "of the template");
  CHECK(content_of(exchange.folder / "fresh/both") == "of the new");
}
