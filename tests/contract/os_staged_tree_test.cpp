#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "os/files.hpp"
#include "os/folder_tree.hpp"
#include "os/staged_tree.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

namespace {

using Kind = TreeEntry::Kind;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

StagedTree staged_in(const TemporaryFolder& folder) {
  auto staged = StagedTree::create(folder.path());
  REQUIRE(staged.has_value());
  return std::move(*staged);
}

FolderTree tree_of(const std::string& path) {
  auto tree = FolderTree::open(path);
  REQUIRE(tree.has_value());
  return std::move(*tree);
}

}  // namespace

TEST_CASE("a staged tree appears whole, with modes and links") {
  const TemporaryFolder folder;
  auto staged = staged_in(folder);
  REQUIRE(staged.add_folder("closed", 0555).has_value());
  REQUIRE(staged.add_file("closed/run", "#!/bin/sh\n", 0750).has_value());
  REQUIRE(staged.add_link("link", "closed/run").has_value());
  CHECK_FALSE(path_exists(folder / "app"));
  REQUIRE(staged.appear_as("app", 0710).has_value());
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"app"});
  CHECK(content_of(folder / "app/link") == "#!/bin/sh\n");
  CHECK(mode_of(folder / "app") == 0710);
  CHECK(mode_of(folder / "app/closed") == 0555);
  CHECK(mode_of(folder / "app/closed/run") == 0750);
}

TEST_CASE("a staged tree that does not appear is gone") {
  const TemporaryFolder folder;
  {
    auto staged = staged_in(folder);
    REQUIRE(staged.add_folder("closed", 0).has_value());
    REQUIRE(staged.add_file("closed/file", "x", 0).has_value());
    CHECK(list_directory(folder.path()).size() == 1);
  }
  CHECK(list_directory(folder.path()).empty());
}

TEST_CASE("nothing that exists is replaced unasked") {
  const TemporaryFolder folder;
  const bool is_folder = GENERATE(true, false);
  if (is_folder) {
    REQUIRE(::mkdir((folder / "app").c_str(), 0700) == 0);
  } else {
    folder.write("app", "mine");
  }
  auto staged = staged_in(folder);
  const auto appeared = staged.appear_as("app", 0755);
  REQUIRE(appeared.has_error());
  CHECK(appeared.error().code == Errc::busy);
  CHECK(is_directory(folder / "app") == is_folder);
}

TEST_CASE("a folder is exchanged in one step, and what it shares keeps its inode") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "app").c_str(), 0700) == 0);
  folder.write("app/mine", "mine");
  const auto before = file_id(folder / "app/mine");
  {
    const auto old = tree_of(folder / "app");
    const auto entries = old.list();
    REQUIRE(entries.has_value());
    auto staged = staged_in(folder);
    REQUIRE(staged.add_file("fresh", "fresh", 0644).has_value());
    for (const auto& entry : *entries) REQUIRE(staged.share(entry, old).has_value());
    const auto kept = staged.replace("app", 0755, *entries);
    REQUIRE(kept.has_value());
    CHECK_FALSE(kept->has_value());
  }
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"app"});
  CHECK(list_directory(folder / "app") == std::vector<std::string>{"fresh", "mine"});
  CHECK(file_id(folder / "app/mine") == before);
}

TEST_CASE("what programs write into a folder while it is replaced is not lost") {
  const TemporaryFolder folder;
  for (const char* name : {"app", "app/sub"}) REQUIRE(::mkdir((folder / name).c_str(), 0755) == 0);
  folder.write("app/template", "old");
  folder.write("app/mine", "mine");
  folder.write("app/sub/log", "one\n");
  const auto old = tree_of(folder / "app");
  const auto entries = old.list();
  REQUIRE(entries.has_value());
  auto staged = staged_in(folder);
  REQUIRE(staged.add_file("template", "new", 0644).has_value());
  for (const auto& entry : *entries) {
    if (entry.path == "template") continue;
    const bool is_folder = entry.kind == Kind::folder;
    REQUIRE((is_folder ? staged.add_folder(entry.path, entry.mode) : staged.share(entry, old)).has_value());
  }
  // In place, by rename as editors do, new ones, and a new folder.
  write(folder / "app/sub/log", "one\ntwo\n");
  folder.write("app/mine.new", "mine, again");
  REQUIRE(::rename((folder / "app/mine.new").c_str(), (folder / "app/mine").c_str()) == 0);
  folder.write("app/sub/late", "late");
  REQUIRE(::mkdir((folder / "app/built").c_str(), 0755) == 0);
  folder.write("app/built/out", "out");

  SECTION("everything has its place in the new folder") {
    const auto kept = staged.replace("app", 0755, *entries);
    REQUIRE(kept.has_value());
    CHECK_FALSE(kept->has_value());
    CHECK(content_of(folder / "app/template") == "new");
    CHECK(list_directory(folder.path()) == std::vector<std::string>{"app"});
  }
  SECTION("what would replace a file of the template is kept beside it") {
    folder.write("app/template", "edited just now");
    const auto kept = staged.replace("app", 0755, *entries);
    REQUIRE(kept.has_value());
    REQUIRE(kept->has_value());
    CHECK(list_directory(**kept) == std::vector<std::string>{"template"});
    CHECK(content_of(**kept + "/template") == "edited just now");
    CHECK(content_of(folder / "app/template") == "new");
    // Nobody takes it for something that was left behind.
    const auto next = staged_in(folder);
    CHECK(is_directory(**kept));
  }
  CHECK(content_of(folder / "app/sub/log") == "one\ntwo\n");
  CHECK(content_of(folder / "app/mine") == "mine, again");
  CHECK(content_of(folder / "app/sub/late") == "late");
  CHECK(content_of(folder / "app/built/out") == "out");
}

TEST_CASE("what a dead owner left is removed, what a live one fills is not") {
  const TemporaryFolder folder;
  const std::string prefix(StagedTree::kPrefix);
  REQUIRE(::mkdir((folder / (prefix + "dead")).c_str(), 0700) == 0);
  folder.write(prefix + "dead/half", "half");
  folder.write(prefix + "file", "no folder of ours");
  auto live = staged_in(folder);
  CHECK_FALSE(path_exists(folder / (prefix + "dead")));
  CHECK(path_exists(folder / (prefix + "file")));
  auto second = staged_in(folder);
  REQUIRE(live.add_file("still", "here", 0644).has_value());
  REQUIRE(live.appear_as("one", 0755).has_value());
  REQUIRE(second.appear_as("two", 0755).has_value());
  CHECK(content_of(folder / "one/still") == "here");
}

TEST_CASE("nothing can be staged where nothing can be written") {
  CHECK(StagedTree::create("/proc/self").has_error());
  CHECK(StagedTree::create("/nowhere/at/all").has_error());
}

TEST_CASE("a tree is listed with folders first, and links are not followed") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "a").c_str(), 0750) == 0);
  folder.write("a/file", "12345", 0640);
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  REQUIRE(::symlink("/etc", (folder / "link").c_str()) == 0);
  folder.write("skipped", "");
  const auto entries = tree_of(folder.path()).list([](const std::string& path) { return path == "skipped"; });
  REQUIRE(entries.has_value());
  REQUIRE(entries->size() == 4);
  CHECK((*entries)[0].path == "a");
  CHECK((*entries)[0].kind == Kind::folder);
  CHECK((*entries)[1].path == "a/file");
  CHECK((*entries)[1].mode == 0640);
  CHECK((*entries)[1].size == 5);
  CHECK((*entries)[2].remark == "is a FIFO");
  CHECK((*entries)[3].target == "/etc");
}

TEST_CASE("only regular files of the tree are read") {
  const TemporaryFolder folder;
  folder.write("file", "12345");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  REQUIRE(::symlink("file", (folder / "link").c_str()) == 0);
  REQUIRE(::symlink("/etc", (folder / "etc").c_str()) == 0);
  const auto tree = tree_of(folder.path());
  REQUIRE(tree.read("file", 5).has_value());
  CHECK(*tree.read("file", 5) == "12345");
  CHECK(tree.read("file", 4).has_error());
  CHECK(tree.read("fifo", 5).has_error());
  CHECK(tree.read("link", 5).has_error());
  CHECK(tree.read("etc/hostname", 1 << 20).has_error());
  CHECK(tree.read("../" + folder.path().substr(5) + "/file", 5).has_error());
  CHECK(FolderTree::open(folder / "file").has_error());
}

TEST_CASE("a tree is removed without following its links") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "tree").c_str(), 0700) == 0);
  REQUIRE(::mkdir((folder / "other").c_str(), 0700) == 0);
  folder.write("other/kept", "kept");
  REQUIRE(::symlink("../other", (folder / "tree/link").c_str()) == 0);
  const UniqueFd parent(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(remove_tree(parent.get(), "tree"));
  CHECK(remove_tree(parent.get(), "tree"));
  CHECK(content_of(folder / "other/kept") == "kept");
}
