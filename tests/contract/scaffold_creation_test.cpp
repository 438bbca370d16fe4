#include <sys/stat.h>
#include <unistd.h>

#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "scaffold/creation.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::scaffold;
using namespace devinit::test;

namespace {

void make_folder(const std::string& path) { REQUIRE(::mkdir(path.c_str(), 0755) == 0); }

/// A template with text, a binary, a program, a link and `.env.example`.
void write_template(const TemporaryFolder& folder) {
  make_folder(folder / "tmpl");
  make_folder(folder / "tmpl/backend");
  make_folder(folder / "tmpl/.git");
  folder.write("tmpl/.git/config", "{{unknown}}");
  folder.write("tmpl/backend/run.sh", "#!/bin/sh\necho {{port}}\n", 0755);
  folder.write("tmpl/{{model}}.bin", std::string("\0{{model}}", 10));
  folder.write("tmpl/.env.example", "PROJECT_NAME=x\nBACKEND_PORT=1\nSECRET=\n");
  REQUIRE(::symlink("backend/run.sh", (folder / "tmpl/start").c_str()) == 0);
}

AppValues values() { return {"m-app1", "m", 1, 5001, 8001, {}}; }

Template template_of(const std::string& path) {
  auto read = read_template(path, "tmpl");
  REQUIRE(read.has_value());
  return std::move(*read);
}

Result<> make(const std::string& path, bool overwrite, const Template& source, const AppValues& with = values()) {
  TRY_ASSIGN(const auto destination, check_destination(path, overwrite, source));
  TRY(check_placeholders(source, with));
  TRY_ASSIGN(const auto entries, render(source, with));
  TRY_ASSIGN(const auto kept, create(destination, source, entries, with));
  CHECK_FALSE(kept.has_value());
  return {};
}

Error refusal(const std::string& path, bool overwrite, const Template& source) {
  const auto checked = check_destination(path, overwrite, source);
  REQUIRE(checked.has_error());
  return checked.error();
}

}  // namespace

TEST_CASE("an app is made with modes, links, bytes and its .env") {
  const TemporaryFolder folder;
  write_template(folder);
  REQUIRE(make(folder / "app", false, template_of(folder / "tmpl")).has_value());
  CHECK(content_of(folder / "app/backend/run.sh") == "#!/bin/sh\necho 5001\n");
  CHECK(::access((folder / "app/backend/run.sh").c_str(), X_OK) == 0);
  CHECK(content_of(folder / "app/start") == "#!/bin/sh\necho 5001\n");
  CHECK(content_of(folder / "app/m.bin") == std::string("\0{{model}}", 10));
  CHECK(content_of(folder / "app/.env").starts_with("PROJECT_NAME=m-app1\nBACKEND_PORT=5001\nSECRET=\n"));
  CHECK_FALSE(os::path_exists(folder / "app/.git"));
  CHECK(os::list_directory(folder.path()) == std::vector<std::string>{"app", "tmpl"});
}

TEST_CASE("files of the verbatim list keep their placeholders, and the list stays behind") {
  const TemporaryFolder folder;
  write_template(folder);
  folder.write("tmpl/.devinit-verbatim", "# kept\n*.vue\n");
  folder.write("tmpl/backend/a.vue", "{{ title }} {{model}}");
  REQUIRE(make(folder / "app", false, template_of(folder / "tmpl")).has_value());
  CHECK(content_of(folder / "app/backend/a.vue") == "{{ title }} {{model}}");
  CHECK_FALSE(os::path_exists(folder / "app/.devinit-verbatim"));
}

TEST_CASE("a file too large to be a text is copied whole") {
  const TemporaryFolder folder;
  write_template(folder);
  const std::string large(kLargestText + 1, 'x');
  folder.write("tmpl/large", large);
  REQUIRE(make(folder / "app", false, template_of(folder / "tmpl")).has_value());
  CHECK(content_of(folder / "app/large") == large);
}

TEST_CASE("links out of the template, FIFOs and missing folders are refused by name") {
  const TemporaryFolder folder;
  write_template(folder);
  SECTION("relative link") { REQUIRE(::symlink("../../outside", (folder / "tmpl/backend/out").c_str()) == 0); }
  SECTION("absolute link, even to the template itself") {
    REQUIRE(::symlink((folder / "tmpl/backend").c_str(), (folder / "tmpl/backend/out").c_str()) == 0);
  }
  SECTION("FIFO") { REQUIRE(::mkfifo((folder / "tmpl/backend/out").c_str(), 0600) == 0); }
  const auto read = read_template(folder / "tmpl", "tmpl");
  REQUIRE(read.has_error());
  CHECK(read.error().code == Errc::refused);
  CHECK(read.error().message.find("tmpl/backend/out is a ") != std::string::npos);
  CHECK(read_template(folder / "nothing", "nothing").error().code == Errc::usage);
}

TEST_CASE("a .env.example with mistakes is told before anything is made") {
  const TemporaryFolder folder;
  write_template(folder);
  folder.write("tmpl/.env.example", "A=1\nB=\"x\n");
  const auto made = make(folder / "app", false, template_of(folder / "tmpl"));
  REQUIRE(made.has_error());
  CHECK(made.error().code == Errc::usage);
  CHECK(made.error().message.starts_with("tmpl/.env.example:2:3: "));
}

TEST_CASE("a destination that cannot be is refused in words") {
  const TemporaryFolder folder;
  write_template(folder);
  const auto source = template_of(folder / "tmpl");
  make_folder(folder / "folder");
  folder.write("file", "");
  REQUIRE(::symlink("nowhere", (folder / "link").c_str()) == 0);
  CHECK(refusal(folder / "folder", false, source).message.ends_with("/folder exists already"));
  CHECK(refusal(folder / "file", true, source).message.ends_with("/file exists already and is a file"));
  CHECK(refusal(folder / "link", true, source).message.ends_with("/link is a symbolic link"));
  CHECK(refusal(folder / "none/app", false, source).code == Errc::not_found);
  CHECK(refusal(folder / "file/app", false, source).message.ends_with("/file is a file"));
  CHECK(refusal(folder / "tmpl/app", false, source).message.find("is inside the template") != std::string::npos);
  CHECK(refusal(folder.path(), true, source).message.find("is inside /tmp/") != std::string::npos);
  CHECK(refusal(folder / "x/..", true, source).code == Errc::usage);
  CHECK(refusal("/", true, source).code == Errc::usage);
}

TEST_CASE("overwriting writes the template's files anew, keeps the user's and the lines of .env") {
  const TemporaryFolder folder;
  write_template(folder);
  const auto source = template_of(folder / "tmpl");
  REQUIRE(make(folder / "app", false, source).has_value());
  folder.write("app/backend/run.sh", "changed");
  folder.write("app/backend/mine.py", "mine");
  make_folder(folder / "app/own");
  folder.write("app/own/file", "own");
  folder.write("app/.env", "SECRET=mine # really\nBACKEND_PORT=7\n");
  REQUIRE(make(folder / "app", true, source).has_value());
  CHECK(content_of(folder / "app/backend/run.sh") == "#!/bin/sh\necho 5001\n");
  CHECK(content_of(folder / "app/backend/mine.py") == "mine");
  CHECK(content_of(folder / "app/own/file") == "own");
  CHECK(content_of(folder / "app/.env").starts_with("SECRET=mine # really\nBACKEND_PORT=5001\nPROJECT_NAME=m-app1\n"));
  CHECK(os::list_directory(folder.path()) == std::vector<std::string>{"app", "tmpl"});
}

TEST_CASE("what overwriting would lose stops it") {
  const TemporaryFolder folder;
  write_template(folder);
  const auto source = template_of(folder / "tmpl");
  SECTION("a folder where the template has a file") {
    make_folder(folder / "app");
    make_folder(folder / "app/start");
    const auto made = make(folder / "app", true, source);
    REQUIRE(made.has_error());
    CHECK(made.error().message.find("app/start is a folder") != std::string::npos);
  }
  SECTION("a .env that is a link") {
    make_folder(folder / "app");
    REQUIRE(::symlink("../secret", (folder / "app/.env").c_str()) == 0);
    CHECK(make(folder / "app", true, source).has_error());
  }
  SECTION("a .env with mistakes") {
    make_folder(folder / "app");
    folder.write("app/.env", "A=1\nSECRET=\"x\nBACKEND_PORT=1\n");
    const auto made = make(folder / "app", true, source);
    REQUIRE(made.has_error());
    CHECK(made.error().code == Errc::refused);
    CHECK(made.error().message.find("app/.env:2:") != std::string::npos);
    CHECK(content_of(folder / "app/.env") == "A=1\nSECRET=\"x\nBACKEND_PORT=1\n");
  }
  SECTION("services that started after the destination was checked") {
    make_folder(folder / "app");
    const auto destination = check_destination(folder / "app", true, source);
    REQUIRE(destination.has_value());
    make_folder(folder / "app/.devinit");
    const auto lock = os::FileLock::try_acquire(folder / "app/.devinit/supervisor.lock");
    REQUIRE(lock.has_value());
    const auto entries = render(source, values());
    REQUIRE(entries.has_value());
    const auto made = create(*destination, source, *entries, values());
    REQUIRE(made.has_error());
    CHECK(made.error().message.starts_with("services of "));
  }
  SECTION("services that run") {
    make_folder(folder / "app");
    make_folder(folder / "app/.devinit");
    const auto lock = os::FileLock::try_acquire(folder / "app/.devinit/supervisor.lock");
    REQUIRE(lock.has_value());
    CHECK(refusal(folder / "app", true, source).message.starts_with("services of "));
  }
  CHECK(os::list_directory(folder.path()) == std::vector<std::string>{"app", "tmpl"});
}
