#include <sys/stat.h>
#include <unistd.h>

#include "os/edit_file.hpp"
#include "os/files.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

TEST_CASE("a text is replaced while it is the one that was read, and keeps its mode") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "backend").c_str(), 0700) == 0);
  folder.write("backend/.env", "A=1\n", 0640);
  REQUIRE(replace_text(folder.path(), "backend/.env", "A=1\n", "A=2\n").has_value());
  CHECK(content_of(folder / "backend/.env") == "A=2\n");
  struct stat status {};
  REQUIRE(::stat((folder / "backend/.env").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
  CHECK(list_directory(folder / "backend") == std::vector<std::string>{".env"});
}

TEST_CASE("a text that somebody has changed is left alone") {
  const TemporaryFolder folder;
  const std::string now = GENERATE(as<std::string>(), "A=1", "A=1\nB=2\n", "A=3\n", "");
  folder.write(".env", now);
  const auto replaced = replace_text(folder.path(), ".env", "A=1\n", "A=2\n");
  REQUIRE(replaced.has_error());
  CHECK(replaced.error().code == Errc::busy);
  CHECK(content_of(folder / ".env") == now);
  CHECK(replace_text(folder.path(), "gone", "", "x").error().code == Errc::busy);
  CHECK(list_directory(folder.path()) == std::vector<std::string>{".env"});
}

TEST_CASE("no link leads an edit elsewhere") {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  outside.write("secret", "A=1\n");
  REQUIRE(::symlink((outside / "secret").c_str(), (folder / ".env").c_str()) == 0);
  REQUIRE(::symlink(outside.path().c_str(), (folder / "backend").c_str()) == 0);
  CHECK(replace_text(folder.path(), ".env", "A=1\n", "A=2\n").error().code == Errc::refused);
  CHECK(replace_text(folder.path(), "backend/secret", "A=1\n", "A=2\n").error().code == Errc::refused);
  CHECK(create_text(folder.path(), "backend/new", "x", 0644).error().code == Errc::refused);
  CHECK(content_of(outside / "secret") == "A=1\n");
  CHECK(list_directory(outside.path()) == std::vector<std::string>{"secret"});
}

TEST_CASE("a new text replaces nothing, whatever stands there") {
  const TemporaryFolder folder;
  REQUIRE(create_text(folder.path(), "new", "text", 0600).has_value());
  CHECK(content_of(folder / "new") == "text");
  REQUIRE(::symlink("nowhere", (folder / "link").c_str()) == 0);
  REQUIRE(::mkdir((folder / "folder").c_str(), 0700) == 0);
  for (const char* name : {"new", "link", "folder"}) {
    const auto created = create_text(folder.path(), name, "other", 0600);
    REQUIRE(created.has_error());
    CHECK(created.error().code == Errc::busy);
  }
  CHECK(content_of(folder / "new") == "text");
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"folder", "link", "new"});
}

TEST_CASE("an edit of what is no regular file is refused, and a FIFO does not block it") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  REQUIRE(::mkdir((folder / "folder").c_str(), 0700) == 0);
  CHECK(replace_text(folder.path(), "fifo", "", "x").error().code == Errc::refused);
  CHECK(replace_text(folder.path(), "folder", "", "x").error().code == Errc::refused);
}
