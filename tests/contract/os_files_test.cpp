#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "support/temporary_folder.hpp"
#include "os/files.hpp"
#include "os/unix_socket.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

ReadFailure failure_of(const std::string& path, const std::string& root = {}, std::size_t limit = kMaxTextFile) {
  const auto read = read_text_file(path, root, limit);
  REQUIRE(read.has_error());
  return read.error();
}

}  // namespace

TEST_CASE("a text file is read whole, byte for byte") {
  const TemporaryFolder folder;
  const std::string content = GENERATE(as<std::string>(), "", "a", std::string("a\0b\r\n", 5), std::string(100'000, 'x'));
  write(folder / "file", content);
  const auto read = read_text_file(folder / "file", folder.path());
  REQUIRE(read.has_value());
  CHECK(*read == content);
}

TEST_CASE("a file of procfs, whose size reads 0, is read whole") {
  const auto read = read_text_file("/proc/self/status");
  REQUIRE(read.has_value());
  CHECK(read->starts_with("Name:"));
  CHECK(read->ends_with('\n'));
}

TEST_CASE("what is no regular file is refused without blocking") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const auto socket = listen_unix(folder / "socket");
  REQUIRE(socket.has_value());
  CHECK(failure_of(folder.path()).detail == "is a directory");
  CHECK(failure_of(folder / "fifo").detail == "is a FIFO");
  CHECK(failure_of(folder / "fifo", folder.path()).detail == "is a FIFO");
  CHECK(failure_of(folder / "socket").detail == "is a socket");
  CHECK(failure_of("/dev/zero").detail == "is a character device");
  CHECK(failure_of("/dev/zero").problem == FileProblem::not_regular);
}

TEST_CASE("a file over the limit is refused, one at the limit is read") {
  const TemporaryFolder folder;
  write(folder / "file", "12345");
  CHECK(read_text_file(folder / "file", {}, 5).has_value());
  const auto failure = failure_of(folder / "file", {}, 4);
  CHECK(failure.problem == FileProblem::too_large);
  CHECK(failure.detail == "is 5 bytes long; the limit is 4");
  CHECK(failure_of("/proc/self/status", {}, 16).problem == FileProblem::too_large);
}

TEST_CASE("a missing file is missing, whatever part of its path is") {
  const TemporaryFolder folder;
  write(folder / "file", "");
  CHECK(failure_of(folder / "none").problem == FileProblem::missing);
  CHECK(failure_of(folder / "none", folder.path()).problem == FileProblem::missing);
  CHECK(failure_of(folder / "none/none", folder.path()).problem == FileProblem::missing);
  CHECK(failure_of(folder / "file/none", folder.path()).problem == FileProblem::missing);
}

TEST_CASE("a symbolic link is followed inside the root only") {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  write(folder / "file", "inside");
  write(outside / "file", "outside");
  std::filesystem::create_symlink("file", folder / "inner");
  std::filesystem::create_symlink(outside / "file", folder / "outer");
  std::filesystem::create_symlink(outside.path(), folder / "folder");
  std::filesystem::create_symlink("nothing", folder / "dangling");
  std::filesystem::create_symlink("loop", folder / "loop");
  CHECK(*read_text_file(folder / "inner", folder.path()) == "inside");
  CHECK(*read_text_file(folder / "outer") == "outside");
  const auto failure = failure_of(folder / "outer", folder.path());
  CHECK(failure.problem == FileProblem::outside_root);
  CHECK(failure.detail == "is a symbolic link to " + (outside / "file") + ", outside the project");
  CHECK(failure_of(folder / "folder/file", folder.path()).problem == FileProblem::outside_root);
  CHECK(failure_of(folder / "dangling", folder.path()).problem == FileProblem::unreadable);
  CHECK(failure_of(folder / "loop", folder.path()).problem == FileProblem::unreadable);
}

TEST_CASE("a root is no prefix of its neighbour") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "shop");
  std::filesystem::create_directory(folder / "shop2");
  write(folder / "shop2/file", "");
  std::filesystem::create_symlink("../shop2/file", folder / "shop/link");
  CHECK(failure_of(folder / "shop/link", folder / "shop").problem == FileProblem::outside_root);
}

TEST_CASE("replacing keeps the mode of an old file and gives a new one the mode asked for") {
  const TemporaryFolder folder;
  const Durable durable = GENERATE(Durable::no, Durable::yes);
  CHECK(replace_file(folder / "new", "one", 0640, durable).has_value());
  CHECK(content_of(folder / "new") == "one");
  CHECK(mode_of(folder / "new") == 0640);
  CHECK(::chmod((folder / "new").c_str(), 0604) == 0);
  CHECK(replace_file(folder / "new", "two", 0640, durable).has_value());
  CHECK(content_of(folder / "new") == "two");
  CHECK(mode_of(folder / "new") == 0604);
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"new"});
}

TEST_CASE("replacing through a symbolic link replaces its target and keeps the link") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "data");
  write(folder / "data/file", "old");
  std::filesystem::create_symlink("data/file", folder / "link");
  CHECK(replace_file(folder / "link", "new", 0600, Durable::no).has_value());
  CHECK(content_of(folder / "data/file") == "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  std::filesystem::create_symlink("nothing", folder / "dangling");
  CHECK(replace_file(folder / "dangling", "new", 0600, Durable::no).has_error());
}

TEST_CASE("what cannot be replaced stays, and no temporary file remains") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "folder");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(replace_file(folder / "folder", "x", 0600, Durable::no).has_error());
  CHECK(replace_file(folder / "fifo", "x", 0600, Durable::no).has_error());
  CHECK(replace_file(folder / "none/file", "x", 0600, Durable::no).has_error());
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"fifo", "folder"});
}

TEST_CASE("when the disk takes no more the old file is intact and no temporary file remains") {
  const TemporaryFolder folder;
  write(folder / "file", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};  // the kernel cuts the write short as a full disk does
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(replace_file(folder / "file", std::string(5000, 'n'), 0600, Durable::yes).has_error() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(content_of(folder / "file") == "old");
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("a reader sees the old or the new content, never a half") {
  const TemporaryFolder folder;
  const std::string old_content(60'000, 'o');
  const std::string new_content(90'000, 'n');
  write(folder / "file", old_content);
  const pid_t writer = ::fork();
  if (writer == 0) {
    for (int i = 0; i < 300; ++i) {
      if (!replace_file(folder / "file", i % 2 == 0 ? new_content : old_content, 0600, Durable::no)) ::_exit(1);
    }
    ::_exit(0);
  }
  int torn = 0;
  int status = -1;
  while (::waitpid(writer, &status, WNOHANG) == 0) {
    const auto seen = read_text_file(folder / "file");
    if (!seen || (*seen != old_content && *seen != new_content)) ++torn;
  }
  CHECK(status == 0);
  CHECK(torn == 0);
}

TEST_CASE("folders are made down to the last one, with the mode asked for, and existing ones stay as they are") {
  const TemporaryFolder folder;
  CHECK(make_directories(folder / "a/b/c", 0700).has_value());
  CHECK(mode_of(folder / "a/b/c") == 0700);
  CHECK(::chmod((folder / "a").c_str(), 0750) == 0);
  CHECK(make_directories(folder / "a/b/c/", 0700).has_value());
  CHECK(mode_of(folder / "a") == 0750);
  write(folder / "file", "");
  CHECK(make_directories(folder / "file", 0700).has_error());
  CHECK(make_directories(folder / "file/below", 0700).has_error());
  CHECK(make_directories("", 0700).has_error());
}

TEST_CASE("the parent folder of a path is told by its text") {
  CHECK(parent_folder("/srv/shop/.env") == "/srv/shop");
  CHECK(parent_folder("/srv/shop//") == "/srv");
  CHECK(parent_folder("/srv") == "/");
  CHECK(parent_folder("/") == "/");
  CHECK(parent_folder("shop/.env") == "shop");
  CHECK(parent_folder(".env") == ".");
}

TEST_CASE("questions about paths follow links and have answers for what is missing") {
  const TemporaryFolder folder;
  write(folder / "file", "");
  std::filesystem::create_symlink("file", folder / "link");
  CHECK(path_exists(folder / "link"));
  CHECK(is_regular_file(folder / "link"));
  CHECK(is_directory(folder.path()));
  CHECK_FALSE(is_directory(folder / "file"));
  CHECK_FALSE(path_exists(folder / "none"));
  CHECK(real_path(folder / "./link").value() == folder / "file");
  CHECK(real_path(folder / "none").error().code == Errc::not_found);
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"file", "link"});
  CHECK(list_directory(folder / "none").empty());
  CHECK(file_id(folder / "link") == file_id(folder / "file"));
  CHECK(file_id(folder.path()) != file_id(folder / "file"));
  CHECK_FALSE(file_id(folder / "none"));
}

TEST_CASE("the tail of a file is its last lines, the unfinished one included") {
  const TemporaryFolder folder;
  using Lines = std::vector<std::string>;
  write(folder / "file", "one\ntwo\n\nthree");
  CHECK(tail_lines(folder / "file", 2) == Lines{"", "three"});
  CHECK(tail_lines(folder / "file", 10) == Lines{"one", "two", "", "three"});
  CHECK(tail_lines(folder / "file", 0).empty());
  CHECK(tail_lines(folder / "file", 10, 8) == Lines{"o", "", "three"});
  write(folder / "file", "\none\n");
  CHECK(tail_lines(folder / "file", 10) == Lines{"", "one"});
  write(folder / "file", "");
  CHECK(tail_lines(folder / "file", 10).empty());
  CHECK(tail_lines(folder / "none", 10).empty());
  CHECK(tail_lines(folder.path(), 10).empty());
}
