#include <sys/stat.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "contract/network.hpp"
#include "contract/registry_fixture.hpp"
#include "registry/database.hpp"
#include "registry/salvage.hpp"
#include "registry/schema.hpp"
#include "registry/sqlite_backup.hpp"
#include "registry/sqlite_connection.hpp"
#include "registry/sqlite_files.hpp"

using namespace devinit;
using namespace devinit::registry;
using namespace devinit::test;
namespace fs = std::filesystem;

namespace {

/// A registry with `leases` rows, closed again.
class RegistryFile {
 public:
  explicit RegistryFile(int leases = 0) {
    location.target = location.shown = folder / "registry.db";
    const auto database = open();
    must(ensure_schema(*database, Access::read_write));
    auto transaction = must(Transaction::begin(*database));
    for (int i = 0; i < leases; ++i) lease(*database, 1024 + i);
    must(transaction.commit());
  }

  [[nodiscard]] std::unique_ptr<Database> open(Access access = Access::read_write) const {
    auto opened = open_database(location, access);
    if (!opened) FAIL(opened.error().error.message);
    return std::move(*opened);
  }
  static void lease(Database& database, std::int64_t port) {
    constexpr Sql kLease{
        "INSERT INTO lease (host, port, kind, owner, instance, role, label, checkout, repository, created, last_used, pool, pending)"
        " VALUES ('h', $1, 'app', 'model', $1, 'backend', '', '/somewhere', '', 1, 1, 'default', 0)"};
    must(database.run(kLease, std::array<Value, 1>{port}));
  }
  static std::int64_t leases_in(Database& database) {
    std::int64_t count = -1;
    must(database.run({"SELECT count(*) FROM lease"}, {}, [&count](const Row& row) { count = row.integer(0); }));
    return count;
  }
  /// Overwrites bytes of the file.
  void scribble(std::streamoff offset, std::size_t size) const {
    std::fstream file(location.target, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file << std::string(size, '\xA5');
  }
  [[nodiscard]] std::vector<std::string> kept_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (entry.path().filename().string().find(".corrupt-") != std::string::npos) names.push_back(entry.path());
    }
    return names;
  }

  TemporaryFolder folder;
  Location location;
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("the files are for the user alone, or for the group where the folder is") {
  const TemporaryFolder folder;
  for (const bool shared : {false, true}) {
    const std::string home = folder / (shared ? "team" : "own");
    fs::create_directory(home);
    REQUIRE(::chmod(home.c_str(), shared ? 0770 : 0755) == 0);
    const mode_t old_mask = ::umask(0077);
    Location location;
    location.target = location.shown = home + "/registry.db";
    const auto opened = open_database(location, Access::read_write);
    REQUIRE(opened.has_value());
    must(ensure_schema(**opened, Access::read_write));
    ::umask(old_mask);
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) CHECK(mode_of(location.target + suffix) == (shared ? 0660 : 0600));
  }
}

TEST_CASE("the folder of a path that somebody named must be there: it may be mistyped") {
  const TemporaryFolder folder;
  Location location;
  location.target = location.shown = folder / "a/b/registry.db";
  for (const Access access : {Access::read_write, Access::read_only}) {
    const auto opened = open_database(location, access);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().error.message.find("there is no folder " + folder / "a/b") != std::string::npos);
    CHECK(opened.error().error.hint.find("mkdir -p") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(folder / "a"));
}

TEST_CASE("folders of the default registry that are missing are made for the user alone") {
  const TemporaryFolder folder;
  Location location;
  location.target = location.shown = folder / "a/b/registry.db";
  location.is_default = true;
  REQUIRE(open_database(location, Access::read_write).has_value());
  CHECK(mode_of(folder / "a") == 0700);
  CHECK(mode_of(folder / "a/b") == 0700);
}

TEST_CASE("after the last connection all is in the one file") {
  const RegistryFile registry(3);
  CHECK(fs::file_size(registry.location.target + "-wal") == 0);
  fs::remove(registry.location.target + "-wal");
  fs::remove(registry.location.target + "-shm");
  CHECK(RegistryFile::leases_in(*registry.open()) == 3);
}

TEST_CASE("a -wal that is deleted under a connection costs no lease") {
  const RegistryFile registry(1);
  const auto database = registry.open();
  const auto write = [&](std::int64_t port) {
    must(database->begin());
    RegistryFile::lease(*database, port);
    must(database->commit());
  };
  write(6001);
  fs::remove(registry.location.target + "-wal");
  write(6002);
  CHECK(RegistryFile::leases_in(*registry.open()) == 3);
  must(database->begin());
  RegistryFile::lease(*database, 6003);
  fs::remove(registry.location.target + "-wal");
  must(database->commit());
  CHECK(RegistryFile::leases_in(*registry.open()) == 4);
}

TEST_CASE("a -shm that is deleted under a connection costs no lease, whoever goes on first") {
  const RegistryFile registry(1);
  const auto write = [](Database& database, std::int64_t port) {
    must(database.begin());
    RegistryFile::lease(database, port);
    must(database.commit());
  };
  // In a process of its own: inside one SQLite shares the -shm whatever its name says.
  Child other([&registry, &write](const Child::Side& side) {
    if (side.hear() != 'a') return 1;
    const auto database = registry.open();
    write(*database, 6002);
    side.say('b');
    if (side.hear() != 'c') return 1;
    write(*database, 6004);
    side.say('d');
    static_cast<void>(side.hear());
    return RegistryFile::leases_in(*database) == 6 ? 0 : 2;
  });
  {
    const auto database = registry.open();
    write(*database, 6001);
    fs::remove(registry.location.target + "-shm");
    other.say('a');
    REQUIRE(other.hear() == 'b');
    write(*database, 6003);
    CHECK(RegistryFile::leases_in(*database) == 4);
    must(database->begin());
    RegistryFile::lease(*database, 6005);
    fs::remove(registry.location.target + "-shm");
    must(database->commit());
    other.say('c');
    REQUIRE(other.hear() == 'd');
  }
  other.say('e');
  CHECK(other.exit_code() == 0);
  const auto database = registry.open();
  CHECK(RegistryFile::leases_in(*database) == 6);
  std::string verdict;
  must(database->run({"PRAGMA integrity_check"}, {}, [&verdict](const Row& row) { verdict = row.text(0); }));
  CHECK(verdict == "ok");
}

TEST_CASE("-wal and -shm that are deleted under a connection cost no lease that nobody else has taken") {
  const RegistryFile registry(1);
  const auto database = registry.open();
  const auto write = [&](std::int64_t port) {
    must(database->begin());
    RegistryFile::lease(*database, port);
    must(database->commit());
  };
  write(6001);
  fs::remove(registry.location.target + "-wal");
  fs::remove(registry.location.target + "-shm");
  write(6002);
  CHECK(RegistryFile::leases_in(*registry.open()) == 3);
}

TEST_CASE("a file that was deleted or replaced under a connection is not written any more") {
  const RegistryFile registry(1);
  const RegistryFile other(2);
  const auto database = registry.open();
  fs::rename(registry.location.target, registry.folder / "away");
  const auto gone = database->begin();
  REQUIRE(gone.has_error());
  CHECK(gone.error().message.find("deleted") != std::string::npos);
  fs::remove(registry.location.target + "-wal");
  fs::remove(registry.location.target + "-shm");
  fs::copy_file(other.location.target, registry.location.target);
  must(database->begin());
  CHECK(must(database->changed_elsewhere()));
  CHECK(RegistryFile::leases_in(*database) == 2);
  must(database->commit());
}

TEST_CASE("files that are no database are told from those that are") {
  const RegistryFile registry;
  const std::string garbage = "this is a text of some length, and not a database at all";
  for (const std::string& content : {garbage, garbage + std::string(5000, 'x'), std::string(8192, '\0'), std::string("SQLite format 3")}) {
    fs::remove(registry.location.target + "-wal");
    write(registry.location.target, content);
    for (const Access access : {Access::read_write, Access::read_only}) {
      const auto opened = open_database(registry.location, access);
      REQUIRE(opened.has_error());
      CHECK(opened.error().corrupt);
      CHECK(is_corrupt(opened.error().error));
      CHECK(opened.error().error.message.find(registry.location.shown) != std::string::npos);
    }
    CHECK(content_of(registry.location.target) == content);
  }
}

TEST_CASE("an empty file is a new registry, unless projects are known beside it") {
  const TemporaryFolder folder;
  Location location;
  location.target = location.shown = folder.write("registry.db", "");
  folder.write("registry.db.projects", "/home/ann/shop\n");
  const auto opened = open_database(location, Access::read_write);
  REQUIRE(opened.has_error());
  CHECK(opened.error().corrupt);
  fs::remove(location.target + ".projects");
  REQUIRE(open_database(location, Access::read_write).has_value());
}

TEST_CASE("what is no file of devinit's is refused, and nothing is made of it or beside it") {
  const TemporaryFolder folder;
  Location location;
  std::string word;
  SECTION("a text") {
    location.target = folder.write("notes.txt", "this is somebody's text\n");
    word = "no database";
  }
  SECTION("a FIFO") {
    location.target = folder / "fifo";
    REQUIRE(::mkfifo(location.target.c_str(), 0600) == 0);
    word = "a FIFO";
  }
  SECTION("a device") {
    location.target = "/dev/null";
    word = "a device";
  }
  SECTION("a folder") {
    location.target = folder / "folder";
    fs::create_directory(location.target);
    word = "a folder";
  }
  SECTION("a link that leads nowhere") {
    location.target = folder / "link";
    fs::create_symlink(folder / "nowhere", location.target);
    word = "symbolic link to " + folder / "nowhere";
  }
  SECTION("the database of another program") {
    location.target = folder.write("other.db", "");
    auto other = must(SqliteConnection::open(location.target, "other", SqliteConnection::Mode::read_write));
    must(other.run_script("CREATE TABLE invoice (id INTEGER)"));
    word = "another program";
  }
  location.shown = location.target;
  const auto before = std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
  const std::string content = fs::is_regular_file(location.target) ? content_of(location.target) : std::string();
  for (const Access access : {Access::read_write, Access::read_only}) {
    const auto opened = open_database(location, access);
    REQUIRE(opened.has_error());
    CHECK(opened.error().error.code == Errc::refused);
    CHECK_FALSE(opened.error().corrupt);
    CHECK(opened.error().error.message.find(word) != std::string::npos);
  }
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == before);
  if (fs::is_regular_file(location.target)) CHECK(content_of(location.target) == content);
}

TEST_CASE("a full disk is said, and nothing of the change is kept") {
  const RegistryFile registry(10);
  const auto database = registry.open();
  must(database->run_script("PRAGMA max_page_count=1"));
  must(database->begin());
  bool full = false;
  for (int port = 20000; port < 22000 && !full; ++port) {
    constexpr Sql kInsert{"INSERT INTO meta (key, value) VALUES ($1, $2)"};
    const std::string key = std::to_string(port) + std::string(500, 'x');
    const auto inserted = database->run(kInsert, std::array<Value, 2>{std::string_view(key), "1"});
    if (inserted) continue;
    full = true;
    CHECK(inserted.error().code == Errc::io);
    CHECK(inserted.error().message.find("the disk is full") != std::string::npos);
  }
  CHECK(full);
  database->roll_back();
  CHECK(RegistryFile::leases_in(*registry.open()) == 10);
}

TEST_CASE("a registry that may only be read can be read, and says why it cannot be written") {
  const RegistryFile registry(5);
  fs::remove(registry.location.target + "-wal");
  fs::remove(registry.location.target + "-shm");
  REQUIRE(::chmod(registry.folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(registry.location.target.c_str(), 0644) == 0);
  if (::geteuid() != 0) {
    WARN("not root: another user's view is not tested");
    return;
  }
  Child stranger([&registry](const Child::Side&) {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) return 1;
    const auto reader = open_database(registry.location, Access::read_only);
    if (!reader || !ensure_schema(**reader, Access::read_only)) return 2;
    if (RegistryFile::leases_in(**reader) != 5) return 3;
    const auto writer = open_database(registry.location, Access::read_write);
    if (writer || writer.error().corrupt || writer.error().error.hint.empty()) return 4;
    return writer.error().error.message.find("cannot be written") == std::string::npos ? 5 : 0;
  });
  CHECK(stranger.exit_code() == 0);
  CHECK_FALSE(fs::exists(registry.location.target + "-wal"));
}

TEST_CASE("who waits for the lock in vain learns who has it, and that it is stopped") {
  const RegistryFile registry;
  Child holder([&registry](const Child::Side& side) {
    const auto own = open_database(registry.location, Access::read_write);
    side.say(own && (*own)->begin() ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(holder.hear() == 'r');
  const std::string name = "process " + std::to_string(holder.pid()) + " (";
  const auto running = lock_sqlite(registry.location, std::chrono::milliseconds(5));
  REQUIRE(running.has_error());
  CHECK(running.error().code == Errc::timeout);
  CHECK(running.error().message.find(name) != std::string::npos);
  ::kill(holder.pid(), SIGSTOP);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(holder.pid()), &info, WSTOPPED | WNOWAIT) == 0);
  const auto stopped = lock_sqlite(registry.location, std::chrono::milliseconds(5));
  REQUIRE(stopped.has_error());
  CHECK(stopped.error().message.find("stopped") != std::string::npos);
  CHECK(stopped.error().hint.find("kill -CONT " + std::to_string(holder.pid())) != std::string::npos);
}

TEST_CASE("a program that has the file locked without our lock file is named, too") {
  const RegistryFile registry;
  Child holder([&registry](const Child::Side& side) {
    auto own = must(SqliteConnection::open(registry.location.target, "it", SqliteConnection::Mode::read_write));
    side.say(own.run_script("BEGIN IMMEDIATE") ? 'r' : 'x');
    return static_cast<int>(side.hear());
  });
  REQUIRE(holder.hear() == 'r');
  auto other = must(SqliteConnection::open(registry.location.target, "it", SqliteConnection::Mode::read_write));
  must(other.run_script("PRAGMA busy_timeout=1"));
  const auto begun = other.run_script("BEGIN IMMEDIATE");
  REQUIRE(begun.has_error());
  CHECK(begun.error().code == Errc::timeout);
  CHECK(begun.error().message.find("by process " + std::to_string(holder.pid()) + " (") != std::string::npos);
}

TEST_CASE("a sound registry is not salvaged") {
  const RegistryFile registry(3);
  const auto salvage = must(salvage_database(registry.location));
  CHECK(salvage.kept.empty());
  CHECK(registry.kept_files().empty());
  CHECK(RegistryFile::leases_in(*registry.open()) == 3);
}

TEST_CASE("what can be read of a damaged registry is carried over, and the file is kept") {
  const RegistryFile registry(2000);
  const auto size = fs::file_size(registry.location.target);
  REQUIRE(size > 40 * 4096);
  registry.scribble(20 * 4096, 4096);
  registry.scribble(31 * 4096 + 100, 2000);
  const std::string damaged = content_of(registry.location.target);
  const auto salvage = must(salvage_database(registry.location));
  REQUIRE(registry.kept_files().size() >= 1);
  CHECK(content_of(salvage.kept) == damaged);
  CHECK(salvage.kept.starts_with(registry.location.target + ".corrupt-2"));
  CHECK(salvage.leases > 1000);
  const auto database = registry.open();
  must(ensure_schema(*database, Access::read_write));
  CHECK(RegistryFile::leases_in(*database) == static_cast<std::int64_t>(salvage.leases + salvage.restored));
  std::string verdict;
  must(database->run({"PRAGMA integrity_check"}, {}, [&verdict](const Row& row) { verdict = row.text(0); }));
  CHECK(verdict == "ok");
  CHECK(must(salvage_database(registry.location)).kept.empty());
}

TEST_CASE("a truncated, an emptied and a foreign file are kept, and replaced by a registry that works") {
  for (const int kind : {0, 1, 2}) {
    const RegistryFile registry(2000);
    if (kind == 0) fs::resize_file(registry.location.target, 21 * 4096);
    if (kind == 1) fs::resize_file(registry.location.target, 0);
    if (kind == 2) write(registry.location.target, "no database");
    registry.folder.write("registry.db.projects", "/home/ann/shop\n");
    const auto salvage = must(salvage_database(registry.location));
    CHECK(fs::exists(salvage.kept));
    const auto database = registry.open();
    must(ensure_schema(*database, Access::read_write));
    CHECK(RegistryFile::leases_in(*database) == static_cast<std::int64_t>(salvage.leases + salvage.restored));
  }
}

TEST_CASE("a row of the backup that lacks what a lease needs is passed over") {
  const RegistryFile registry(2000);
  const std::string name = backup_path(registry.location.target);
  {
    auto backup = must(SqliteConnection::open(name, name, SqliteConnection::Mode::read_write));
    must(backup.run_script(
        "CREATE TABLE loose AS SELECT * FROM lease; DROP TABLE lease; ALTER TABLE loose RENAME TO lease;"
        "UPDATE lease SET kind = NULL WHERE port = 1030"));
  }
  write(registry.location.target, "no database");
  const auto salvage = must(salvage_database(registry.location));
  CHECK(salvage.restored == 1999);
  CHECK(RegistryFile::leases_in(*registry.open()) == 1999);
}

TEST_CASE("a registry that is missing is made anew of its backup") {
  const RegistryFile registry(2000);
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(registry.location.target + suffix);
  const auto opened = open_database(registry.location, Access::read_write);
  REQUIRE(opened.has_error());
  CHECK(opened.error().corrupt);
  const auto salvage = must(salvage_database(registry.location));
  CHECK(salvage.done);
  CHECK(salvage.kept.empty());
  CHECK(salvage.restored == 2000);
  CHECK(RegistryFile::leases_in(*registry.open()) == 2000);
}

TEST_CASE("of a registry whose schema or first leases are damaged the rest comes from the backup") {
  for (const std::streamoff page : {0, 1, 2, 3}) {
    const RegistryFile registry(2000);
    registry.scribble(page * 4096, page == 0 ? 3000 : 4096);
    const auto salvage = salvage_database(registry.location);
    REQUIRE(salvage.has_value());
    CHECK(salvage->leases + salvage->restored == (salvage->done ? 2000 : 0));
    const auto database = registry.open();
    must(ensure_schema(*database, Access::read_write));
    CHECK(RegistryFile::leases_in(*database) == 2000);
  }
}

TEST_CASE("rows that nobody can have written are not carried over") {
  const RegistryFile registry(2000);
  {
    auto connection = must(SqliteConnection::open(registry.location.target, "it", SqliteConnection::Mode::read_write));
    must(connection.run_script(
        "UPDATE lease SET port = -1 WHERE port = 1030; UPDATE lease SET owner = x'ff41' WHERE port = 1031;"
        "UPDATE lease SET kind = 'x' WHERE port = 1032; UPDATE lease SET created = -5 WHERE port = 1033;"
        "UPDATE lease SET role = 'a' || char(7) WHERE port = 1034"));
  }
  registry.scribble(31 * 4096 + 100, 2000);
  fs::remove(backup_path(registry.location.target));
  const auto salvage = must(salvage_database(registry.location));
  CHECK(salvage.nonsense >= 5);
  const auto database = registry.open();
  std::int64_t found = -1;
  must(database->run({"SELECT count(*) FROM lease WHERE port = -1 OR (port >= 1030 AND port <= 1034)"}, {},
                     [&found](const Row& row) { found = row.integer(0); }));
  CHECK(found == 0);
}

TEST_CASE("of two processes that notice the damage at once one mends it") {
  const RegistryFile registry(500);
  registry.scribble(5 * 4096, 4096);
  std::vector<Child> finders;
  for (int i = 0; i < 4; ++i) {
    finders.emplace_back([&registry](const Child::Side& side) {
      static_cast<void>(side.hear());
      const auto salvage = salvage_database(registry.location);
      return !salvage ? 2 : salvage->kept.empty() ? 0 : 1;
    });
  }
  for (auto& finder : finders) finder.say('g');
  int mended = 0;
  for (auto& finder : finders) {
    const int code = finder.exit_code();
    CHECK((code == 0 || code == 1));
    mended += code;
  }
  CHECK(mended == 1);
  CHECK(RegistryFile::leases_in(*registry.open()) > 0);
}

TEST_CASE("a row that is only in the -wal is carried over, too") {
  const RegistryFile registry(2000);
  const auto database = registry.open();
  must(database->begin());
  RegistryFile::lease(*database, 40000);
  must(database->commit());
  registry.scribble(20 * 4096, 4096);
  must(salvage_database(registry.location));
  const auto mended = registry.open();
  std::int64_t found = 0;
  must(mended->run({"SELECT count(*) FROM lease WHERE port = 40000"}, {}, [&found](const Row& row) { found = row.integer(0); }));
  CHECK(found == 1);
}
