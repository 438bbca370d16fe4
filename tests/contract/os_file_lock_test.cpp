#include <sys/stat.h>

#include <array>

#include "contract/network.hpp"
#include "support/temporary_folder.hpp"
#include "os/file_lock.hpp"

using namespace devinit;
using namespace devinit::os;
using namespace devinit::test;
using namespace std::chrono_literals;

TEST_CASE("a lock has one owner at a time, is visible to others, and ends with its owner") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  CHECK_FALSE(FileLock::is_held(path));
  {
    const auto lock = FileLock::try_acquire(path);
    REQUIRE(lock.has_value());
    CHECK(FileLock::is_held(path));
    const auto second = FileLock::try_acquire(path);
    REQUIRE(second.has_error());
    CHECK(second.error().code == Errc::busy);
  }
  CHECK_FALSE(FileLock::is_held(path));
  CHECK(std::filesystem::exists(path));
  CHECK(FileLock::try_acquire(path).has_value());
}

TEST_CASE("a killed process leaves no lock, and its child does not inherit one through exec") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  Child owner([&path](const Child::Side& side) {
    const auto lock = FileLock::try_acquire(path);
    if (::vfork() == 0) {
      ::execl("/bin/sh", "sh", "-c", "read line", nullptr);
      ::_exit(127);
    }
    side.say(lock ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(owner.hear() == 'r');
  CHECK(FileLock::is_held(path));
  ::kill(owner.pid(), SIGKILL);
  owner.wait();
  CHECK_FALSE(FileLock::is_held(path));
}

TEST_CASE("who waits in vain learns the pid that the owner wrote") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  auto lock = FileLock::try_acquire(path);
  REQUIRE(lock.has_value());
  CHECK(lock->write_text("a longer text that is replaced").has_value());
  CHECK(lock->write_text("4711\n/run/socket\n").has_value());
  CHECK(content_of(path) == "4711\n/run/socket\n");
  const auto waited = FileLock::acquire(path, 5ms);
  REQUIRE(waited.has_error());
  CHECK(waited.error().code == Errc::timeout);
  CHECK(waited.error().message.find("process 4711") != std::string::npos);
}

TEST_CASE("a holder in another process is found whatever the file says") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  Child owner([&path](const Child::Side& side) {
    const auto lock = FileLock::try_acquire(path);
    side.say(lock ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(owner.hear() == 'r');
  const Child bystander([&path](const Child::Side& side) {
    const std::ifstream open_too(path);
    side.say('r');
    return static_cast<int>(side.hear());
  });
  std::ofstream(path) << "4711\n";
  CHECK(FileLock::holder(path) == owner.pid());
  const auto waited = FileLock::acquire(path, 5ms);
  REQUIRE(waited.has_error());
  CHECK_THAT(waited.error().message, Catch::EndsWith("by process " + std::to_string(owner.pid())));
}

TEST_CASE("who waits gets the lock once its owner ends") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  Child owner([&path](const Child::Side& side) {
    const auto lock = FileLock::try_acquire(path);
    side.say(lock ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(owner.hear() == 'r');
  owner.say('\0');
  CHECK(FileLock::acquire(path, 60s).has_value());
}

TEST_CASE("a lock that was released is free for others and can be taken again, also when its file was replaced") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  auto lock = FileLock::try_acquire(path);
  REQUIRE(lock.has_value());
  CHECK(lock->name_holder().has_value());
  CHECK(FileLock::named_holder(path) == ::getpid());
  lock->release();
  CHECK_FALSE(FileLock::is_held(path));
  {
    const auto other = FileLock::try_acquire(path);
    REQUIRE(other.has_value());
    const auto waited = lock->take_again(path, 5ms);
    REQUIRE(waited.has_error());
    CHECK(waited.error().code == Errc::timeout);
  }
  CHECK(lock->take_again(path, 60s).has_value());
  CHECK(FileLock::is_held(path));
  lock->release();
  std::filesystem::remove(path);
  CHECK(lock->take_again(path, 60s).has_value());
  CHECK(FileLock::is_held(path));
}

TEST_CASE("waiting leaves the signals of the process as they were") {
  const TemporaryFolder folder;
  const auto lock = FileLock::try_acquire(folder / "lock");
  CHECK(FileLock::acquire(folder / "lock", 5ms).has_error());
  struct sigaction action {};
  REQUIRE(::sigaction(SIGRTMAX, nullptr, &action) == 0);
  CHECK(action.sa_handler == SIG_DFL);
  sigset_t pending;
  REQUIRE(::sigpending(&pending) == 0);
  CHECK(::sigismember(&pending, SIGRTMAX) == 0);
}

TEST_CASE("a lock on a file that has been deleted meanwhile does not count") {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  const auto old_lock = FileLock::try_acquire(path);
  REQUIRE(old_lock.has_value());
  std::filesystem::remove(path);
  const auto new_lock = FileLock::try_acquire(path);
  REQUIRE(new_lock.has_value());
  CHECK(FileLock::is_held(path));
  CHECK(FileLock::try_acquire(path).has_error());
}

TEST_CASE("only a regular file can be a lock file") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("target", folder / "link");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  for (const std::string name : {"link", "fifo", "none/lock", ""}) {
    const auto lock = FileLock::try_acquire(folder / name);
    REQUIRE(lock.has_error());
    CHECK(lock.error().code == Errc::io);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "target"));
}

TEST_CASE("many processes that count under the lock lose no count") {
  const TemporaryFolder folder;
  write(folder / "count", "0");
  std::vector<Child> counters;
  for (int i = 0; i < 8; ++i) {
    counters.emplace_back([&folder](const Child::Side&) {
      for (int turn = 0; turn < 10; ++turn) {
        const auto lock = FileLock::acquire(folder / "lock", 60s);
        if (!lock) return 1;
        write(folder / "count", std::to_string(std::stoi(content_of(folder / "count")) + 1));
      }
      return 0;
    });
  }
  for (auto& counter : counters) CHECK(counter.exit_code() == 0);
  CHECK(content_of(folder / "count") == "80");
}
