#include <sys/stat.h>
#include <unistd.h>

#include "contract/network.hpp"
#include "os/files.hpp"
#include "os/own_file.hpp"
#include "os/program_image.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

bool is_plain_file(const std::string& path) { return std::filesystem::is_regular_file(std::filesystem::symlink_status(path)); }

}  // namespace

TEST_CASE("a folder is our own when it is ours and nobody else can write it") {
  const TemporaryFolder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  CHECK(check_own_folder(folder.path(), "hint").has_value());
  REQUIRE(::chmod(folder.path().c_str(), 0770) == 0);
  const auto shared = check_own_folder(folder.path(), "hint");
  REQUIRE(shared.has_error());
  CHECK(shared.error().code == Errc::refused);
  CHECK(shared.error().hint.find("chmod") != std::string::npos);
  REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
  std::filesystem::create_directory_symlink(folder.path(), folder / "link");
  CHECK(check_own_folder(folder / "link", "hint").error().code == Errc::refused);
  CHECK(check_own_folder(folder.write("file", ""), "hint").error().code == Errc::refused);
  if (::getuid() != 0) return;
  REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
  const auto foreign = check_own_folder(folder.path(), "hint");
  REQUIRE(foreign.has_error());
  CHECK(foreign.error().code == Errc::refused);
  CHECK(foreign.error().hint == "hint");
  CHECK(foreign.error().message.find(std::to_string(kNobody)) != std::string::npos);
}

TEST_CASE("a file of devinit's own is never written through a symbolic link") {
  const TemporaryFolder folder;
  folder.write("outside", "precious");
  std::filesystem::create_symlink("outside", folder / "link");
  SECTION("the link is refused, and it is said where it leads") {
    const auto written = replace_file(folder / "link", "new", 0600, Durable::no, Links::refuse);
    REQUIRE(written.has_error());
    CHECK(written.error().code == Errc::refused);
    CHECK(written.error().message.find("outside") != std::string::npos);
    CHECK_FALSE(written.error().hint.empty());
    CHECK(std::filesystem::is_symlink(folder / "link"));
  }
  SECTION("the link is replaced") {
    REQUIRE(replace_file(folder / "link", "new", 0600, Durable::no, Links::replace).has_value());
    CHECK(is_plain_file(folder / "link"));
    CHECK(content_of(folder / "link") == "new");
    CHECK(mode_of(folder / "link") == 0600);
  }
  SECTION("a link to nothing is replaced, too") {
    std::filesystem::create_symlink("nothing", folder / "dangling");
    REQUIRE(replace_file(folder / "dangling", "new", 0600, Durable::no, Links::replace).has_value());
    CHECK(is_plain_file(folder / "dangling"));
    CHECK_FALSE(path_exists(folder / "nothing"));
  }
  CHECK(content_of(folder / "outside") == "precious");
}

TEST_CASE("a file of devinit's own has the mode asked for, whatever the old one had") {
  const TemporaryFolder folder;
  for (const Links links : {Links::replace, Links::refuse}) {
    const auto path = folder.write("file", "old", 0666);
    REQUIRE(replace_file(path, "new", 0600, Durable::no, links).has_value());
    CHECK(mode_of(path) == 0600);
  }
}

TEST_CASE("a file is our own when owner, content and mode are, without a link") {
  const TemporaryFolder folder;
  const std::string content(40'000, 'c');
  const auto path = folder.write("file", content, 0600);
  CHECK(is_own_file(path, content, 0600));
  CHECK_FALSE(is_own_file(path, content, 0644));
  CHECK_FALSE(is_own_file(path, content + "c", 0600));
  CHECK_FALSE(is_own_file(path, content.substr(1), 0600));
  CHECK_FALSE(is_own_file(path, "", 0600));
  CHECK_FALSE(is_own_file(folder / "none", "", 0600));
  std::filesystem::create_symlink("file", folder / "link");
  CHECK_FALSE(is_own_file(folder / "link", content, 0600));
  if (::getuid() != 0) return;
  REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
  CHECK_FALSE(is_own_file(path, content, 0600));
}

TEST_CASE("a diary of our own is made, made private, and put in the place of a link") {
  const TemporaryFolder folder;
  SECTION("there is none") {}
  SECTION("others can read it") { folder.write("log", "", 0644); }
  SECTION("it leads elsewhere") {
    folder.write("outside", "precious", 0644);
    std::filesystem::create_symlink("outside", folder / "log");
  }
  SECTION("it is a FIFO") { REQUIRE(::mkfifo((folder / "log").c_str(), 0600) == 0); }
  REQUIRE(make_own_file(folder / "log").has_value());
  CHECK(is_plain_file(folder / "log"));
  CHECK(mode_of(folder / "log") == 0600);
  if (path_exists(folder / "outside")) {
    CHECK(content_of(folder / "outside") == "precious");
    CHECK(mode_of(folder / "outside") == 0644);
  }
  write(folder / "log", "kept");
  REQUIRE(make_own_file(folder / "log").has_value());
  CHECK(content_of(folder / "log") == "kept");
}

TEST_CASE("a program's file is used only when it is ours and says what it should") {
  const TemporaryFolder folder;
  const std::string image = "#!/bin/sh\nexit 7\n";
  REQUIRE(open_program_file(image, "program", folder.path()).has_value());
  const auto names = list_directory(folder.path());
  REQUIRE(names.size() == 1);
  const auto path = folder / names.front();
  const auto inode = file_id(path);
  REQUIRE(open_program_file(image, "program", folder.path()).has_value());
  CHECK(file_id(path) == inode);  // a good one is used again
  folder.write("outside", "#!/bin/sh\nexit 8\n", 0755);
  SECTION("another content") { folder.write(names.front(), "#!/bin/sh\nexit 8\n", 0700); }
  SECTION("writable by others") { REQUIRE(::chmod(path.c_str(), 0722) == 0); }
  SECTION("not executable") { REQUIRE(::chmod(path.c_str(), 0600) == 0); }
  SECTION("a symbolic link") {
    remove_file(path);
    std::filesystem::create_symlink("outside", path);
  }
  SECTION("somebody else's") {
    if (::getuid() != 0) return;
    REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
  }
  const auto opened = open_program_file(image, "program", folder.path());
  REQUIRE(opened.has_value());
  CHECK(is_own_content(opened->get(), image));
  CHECK(is_own_file(path, image, 0700));
  CHECK(content_of(folder / "outside") == "#!/bin/sh\nexit 8\n");
}
