#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "os/folder_entries.hpp"
#include "os/inotify.hpp"
#include "os/readable.hpp"
#include "support/temporary_folder.hpp"

namespace devinit::os {
namespace {

using Kind = Inotify::Event::Kind;

struct Seen {
  Kind kind;
  std::string name;
  bool folder = false;
  bool operator==(const Seen&) const = default;
};

/// What has been told so far, without waiting: the kernel has queued it by the time that the change returns.
std::vector<Seen> seen(Inotify& inotify) {
  std::vector<Seen> result;
  for (auto events = inotify.read(); !events.empty(); events = inotify.read()) {
    for (auto& event : events) result.push_back({event.kind, event.name, event.folder});
  }
  return result;
}

Inotify watch_on(const std::string& folder) {
  auto inotify = Inotify::open();
  REQUIRE(inotify.has_value());
  REQUIRE(inotify->add(folder, Inotify::Links::refuse).has_value());
  return std::move(*inotify);
}

TEST_CASE("nothing is told before something happens") {
  const test::TemporaryFolder folder;
  folder.write("old", "");
  auto inotify = watch_on(folder.path());
  CHECK(seen(inotify).empty());
  CHECK_FALSE(wait_readable({inotify.fd()}, std::chrono::milliseconds(0))[0]);
}

TEST_CASE("a file is made, then written when its writer closes it") {
  const test::TemporaryFolder folder;
  auto inotify = watch_on(folder.path());
  UniqueFd file(::open((folder / "a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::made, "a"}});
  REQUIRE(::write(file.get(), "x", 1) == 1);
  CHECK(seen(inotify).empty());
  file.reset();
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::written, "a"}});
}

TEST_CASE("moving and deleting") {
  const test::TemporaryFolder folder;
  const test::TemporaryFolder elsewhere;
  folder.write("a", "");
  auto inotify = watch_on(folder.path());
  std::filesystem::rename(folder / "a", folder / "b");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::left, "a"}, {Kind::appeared, "b"}});
  std::filesystem::rename(folder / "b", elsewhere / "b");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::left, "b"}});
  std::filesystem::rename(elsewhere / "b", folder / "c");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::appeared, "c"}});
  std::filesystem::remove(folder / "c");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::vanished, "c"}});
}

TEST_CASE("folders are told as folders, and what is in them is not told") {
  const test::TemporaryFolder folder;
  auto inotify = watch_on(folder.path());
  std::filesystem::create_directory(folder / "d");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::appeared, "d", true}});
  folder.write("d/x", "");
  CHECK(seen(inotify).empty());
  std::filesystem::rename(folder / "d", folder / "e");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::left, "d", true}, {Kind::appeared, "e", true}});
  std::filesystem::remove_all(folder / "e");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::vanished, "e", true}});
}

TEST_CASE("reading and attributes tell nothing") {
  const test::TemporaryFolder folder;
  const auto file = folder.write("a", "text");
  auto inotify = watch_on(folder.path());
  test::content_of(file);
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  CHECK(seen(inotify).empty());
}

TEST_CASE("a watch ends with its folder, or when it is removed") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "d");
  auto inotify = watch_on(folder / "d");
  std::filesystem::remove(folder / "d");
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::ended, ""}});
  const auto watch = inotify.add(folder.path(), Inotify::Links::refuse);
  REQUIRE(watch.has_value());
  inotify.remove(*watch);
  CHECK(seen(inotify) == std::vector<Seen>{{Kind::ended, ""}});
  inotify.remove(*watch);
  CHECK(seen(inotify).empty());
}

TEST_CASE("one folder has one watch, whatever path leads there") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "d");
  std::filesystem::create_directory_symlink("d", folder / "link");
  auto inotify = watch_on(folder.path());
  const auto direct = inotify.add(folder / "d", Inotify::Links::refuse);
  const auto by_link = inotify.add(folder / "link", Inotify::Links::follow);
  REQUIRE(direct.has_value());
  REQUIRE(by_link.has_value());
  CHECK(*direct == *by_link);
  const auto refused = inotify.add(folder / "link", Inotify::Links::refuse);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::not_found);
}

TEST_CASE("what is missing, or no folder, is not found") {
  const test::TemporaryFolder folder;
  auto inotify = watch_on(folder.path());
  for (const auto& path : {folder / "missing", folder.write("file", "")}) {
    const auto watch = inotify.add(path, Inotify::Links::follow);
    REQUIRE_FALSE(watch.has_value());
    CHECK(watch.error().code == Errc::not_found);
  }
}

TEST_CASE("what the kernel has lost is said") {
  std::size_t queue = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
  REQUIRE(queue > 0);
  const test::TemporaryFolder folder;
  const auto one = folder.write("one", "");
  const auto two = folder.write("two", "");
  auto inotify = watch_on(folder.path());
  for (std::size_t i = 0; i <= queue / 2; ++i) {
    for (const auto& file : {one, two}) UniqueFd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  }
  const auto events = seen(inotify);
  REQUIRE_FALSE(events.empty());
  CHECK(events.back().kind == Kind::overflow);
}

TEST_CASE("when descriptors are used up the error says so") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto inotify = Inotify::open();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(inotify.has_value());
  CHECK(inotify.error().code == Errc::refused);
  CHECK(inotify.error().message == "cannot watch files: no file descriptor is left");
}

TEST_CASE("a new file that nobody may close any more is complete") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(is_complete(folder / "missing"));
  const auto empty = folder.write("empty", "");
  CHECK_FALSE(is_complete(empty));
  std::filesystem::create_symlink("nowhere", folder / "link");
  CHECK(is_complete(folder / "link"));
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(is_complete(folder / "fifo"));
  CHECK(is_complete(folder.write("full", "text")));
  std::filesystem::create_hard_link(empty, folder / "second");
  CHECK(is_complete(folder / "second"));
}

TEST_CASE("the entries of a folder come with their kinds") {
  const test::TemporaryFolder folder;
  folder.write("file", "");
  std::filesystem::create_directory(folder / "folder");
  std::filesystem::create_directory_symlink("folder", folder / "link");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  auto entries = entries_of(folder.path());
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  using Entry = FolderEntry::Kind;
  const std::vector<std::pair<std::string, Entry>> expected{
      {"fifo", Entry::other}, {"file", Entry::file}, {"folder", Entry::folder}, {"link", Entry::link}};
  REQUIRE(entries.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(entries[i].name == expected[i].first);
    CHECK(entries[i].kind == expected[i].second);
  }
  CHECK(entries_of(folder / "missing").empty());
}

}  // namespace
}  // namespace devinit::os
