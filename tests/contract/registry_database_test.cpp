#include "registry/database.hpp"

#include <sys/stat.h>

#include <array>
#include <csignal>
#include <iostream>

#include "contract/network.hpp"
#include "contract/registry_fixture.hpp"
#include "os/shared_library.hpp"
#include "registry/schema.hpp"
#include "registry/taken_block.hpp"

using namespace devinit;
using namespace devinit::registry;
using namespace devinit::test;

namespace {

/// An empty database of the test's own: a file in its folder, or a schema on the server.
class EmptyDatabase {
 public:
  explicit EmptyDatabase(Location::Backend backend) {
    location.backend = backend;
    location.target = location.shown = folder / "registry.db";
    if (backend == Location::Backend::sqlite) return;
    static int count = 0;
    schema_ = "devinit_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    server_.backend = backend;
    server_.target = ::getenv("DEVINIT_TEST_POSTGRES");
    server_.shown = location.shown = "the test server";
    const bool has_parameters = server_.target.find('?') != std::string::npos;
    location.target = server_.target + (has_parameters ? "&" : "?") + "options=-csearch_path%3D" + schema_;
    on_server("CREATE SCHEMA " + schema_);
  }
  EmptyDatabase(const EmptyDatabase&) = delete;
  EmptyDatabase& operator=(const EmptyDatabase&) = delete;
  ~EmptyDatabase() {
    if (!schema_.empty()) on_server("DROP SCHEMA " + schema_ + " CASCADE");
  }

  [[nodiscard]] std::unique_ptr<Database> open(Access access = Access::read_write) const {
    auto opened = open_database(location, access);
    if (!opened) FAIL(opened.error().error.message);
    return std::move(*opened);
  }
  [[nodiscard]] std::unique_ptr<Database> open_with_schema() const {
    auto database = open();
    must(ensure_schema(*database, Access::read_write));
    return database;
  }

  TemporaryFolder folder;
  Location location;

 private:
  void on_server(const std::string& script) const {
    auto opened = open_database(server_, Access::read_write);
    if (!opened) FAIL(opened.error().error.message);
    must((*opened)->run_script(script.c_str()));
  }
  std::string schema_;
  Location server_;
};

bool has_server() {
  const bool has = ::getenv("DEVINIT_TEST_POSTGRES") != nullptr;
  if (!has) WARN("DEVINIT_TEST_POSTGRES names no server: this case did not run");
  return has;
}

constexpr Sql kCount{"SELECT count(*) FROM meta"};
constexpr Sql kInsert{"INSERT INTO meta (key, value) VALUES ($1, $2)"};
constexpr Sql kValue{"SELECT value FROM meta WHERE key = $1"};

std::int64_t count_of(Database& database) {
  std::int64_t count = -1;
  must(database.run(kCount, {}, [&count](const Row& row) { count = row.integer(0); }));
  return count;
}

std::string value_of(Database& database, std::string_view key) {
  std::string value = "(none)";
  must(database.run(kValue, std::array<Value, 1>{key}, [&value](const Row& row) { value = row.text(0); }));
  return value;
}

void insert(Database& database, std::string_view key, std::string_view value) {
  CHECK(must(database.run(kInsert, std::array<Value, 2>{key, value})) == 1);
}

void lease(Database& database, std::string_view host, std::int64_t port) {
  constexpr Sql kLease{
      "INSERT INTO lease (host, port, kind, owner, instance, role, label, checkout, repository, created, last_used, pool, pending)"
      " VALUES ($1, $2, 'app', 'm', $2, 'backend', '', '', '', 1, 1, 'default', 0)"};
  must(database.run(kLease, std::array<Value, 2>{host, port}));
}

}  // namespace

TEST_CASE("parameters are bound by their numbers, and values come back as they went in") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open();
    must(database->run_script("CREATE TABLE t (a BIGINT, b TEXT, c BIGINT, d TEXT)"));
    constexpr Sql kReversed{"INSERT INTO t (d, c, b, a) VALUES ($4, $3, $2, $1)"};
    const std::string hostile = "'; DROP TABLE t; -- \" $1 \xF0\x9F\x9A\xA2\n";
    CHECK(must(database->run(kReversed, std::array<Value, 4>{std::int64_t{-5'000'000'000}, hostile, std::monostate{}, std::string_view()})) == 1);
    constexpr Sql kRead{"SELECT a, b, c, d FROM t"};
    int rows = 0;
    CHECK(must(database->run(kRead, {}, [&](const Row& row) {
      ++rows;
      CHECK(row.integer(0) == -5'000'000'000);
      CHECK(row.text(1) == hostile);
      CHECK(row.is_null(2));
      CHECK(row.integer(2) == 0);
      CHECK(row.text(2).empty());
      CHECK_FALSE(row.is_null(3));
      CHECK(row.text(3).empty());
    })) == 1);
    CHECK(rows == 1);
  }
}

TEST_CASE("a statement tells how many rows it changed or returned, and a sink may run others") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    insert(*database, "a", "1");
    insert(*database, "b", "2");
    constexpr Sql kAgain{"INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key"};
    CHECK(must(database->run(kAgain, std::array<Value, 2>{"a", "3"})) == 0);
    CHECK(must(database->run(kAgain, std::array<Value, 2>{"c", "3"})) == 1);
    constexpr Sql kUpdate{"UPDATE meta SET value = '9' WHERE key <> $1"};
    CHECK(must(database->run(kUpdate, std::array<Value, 1>{"schema_version"})) == 3);
    constexpr Sql kKeys{"SELECT key FROM meta WHERE value = '9' ORDER BY key"};
    std::string found;
    CHECK(must(database->run(kKeys, {}, [&](const Row& row) { found += std::string(row.text(0)) + value_of(*database, row.text(0)); })) == 3);
    CHECK(found == "a9b9c9");
  }
}

TEST_CASE("a statement that fails says so once and leaves the connection usable") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open();
    CHECK(database->run(kCount, {}).error().code == Errc::not_found);
    CHECK(database->run({"SELEKT"}, {}).error().code == Errc::io);
    must(ensure_schema(*database, Access::read_write));
    insert(*database, "a", "1");
    const auto twice = database->run(kInsert, std::array<Value, 2>{"a", "2"});
    REQUIRE(twice.has_error());
    CHECK(twice.error().code == Errc::io);
    CHECK(twice.error().message.find(place.location.shown) != std::string::npos);
    CHECK(value_of(*database, "a") == "1");
  }
}

TEST_CASE("a transaction counts when it is committed, and not at all when it is not") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    {
      auto transaction = must(Transaction::begin(*database));
      insert(*database, "gone", "1");
    }
    {
      auto transaction = must(Transaction::begin(*database));
      insert(*database, "kept", "1");
      must(transaction.commit());
    }
    database->roll_back();
    const auto other = place.open();
    CHECK(value_of(*other, "gone") == "(none)");
    CHECK(value_of(*other, "kept") == "1");
  }
}

TEST_CASE("processes that count in transactions lose no count") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    insert(*database, "count", "0");
    std::vector<Child> counters;
    for (int i = 0; i < 6; ++i) {
      counters.emplace_back([&place](const Child::Side&) {
        auto own = open_database(place.location, Access::read_write);
        if (!own) return 1;
        constexpr Sql kSet{"UPDATE meta SET value = $1 WHERE key = 'count'"};
        for (int turn = 0; turn < 15; ++turn) {
          auto transaction = Transaction::begin(**own);
          if (!transaction) return 2;
          std::string count;
          if (!(*own)->run(kValue, std::array<Value, 1>{"count"}, [&count](const Row& row) { count = row.text(0); })) return 3;
          count = std::to_string(std::stoi(count) + 1);
          if (!(*own)->run(kSet, std::array<Value, 1>{std::string_view(count)})) return 4;
          if (!transaction->commit()) return 5;
        }
        own = std::unique_ptr<Database>();
        return 0;
      });
    }
    for (auto& counter : counters) CHECK(counter.exit_code() == 0);
    CHECK(value_of(*database, "count") == "90");
  }
}

TEST_CASE("a killed writer leaves nothing of its transaction, and no lock") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    Child writer([&place](const Child::Side& side) {
      const auto own = open_database(place.location, Access::read_write);
      if (!own || !(*own)->begin() || !(*own)->run(kInsert, std::array<Value, 2>{"half", "1"})) return 1;
      side.say('r');
      return static_cast<int>(side.hear());
    });
    REQUIRE(writer.hear() == 'r');
    ::kill(writer.pid(), SIGKILL);
    writer.wait();
    auto transaction = must(Transaction::begin(*database));
    CHECK(value_of(*database, "half") == "(none)");
    must(transaction.commit());
  }
}

TEST_CASE("what another connection wrote is noticed, and what one wrote oneself is not") {
  const EmptyDatabase place(Location::Backend::sqlite);
  const auto one = place.open_with_schema();
  const auto other = place.open();
  CHECK(must(one->changed_elsewhere()));
  CHECK_FALSE(must(one->changed_elsewhere()));
  insert(*one, "a", "1");
  CHECK_FALSE(must(one->changed_elsewhere()));
  insert(*other, "b", "1");
  CHECK(must(one->changed_elsewhere()));
  insert(*other, "c", "1");
  must(one->begin());
  CHECK(must(one->changed_elsewhere()));
  CHECK_FALSE(must(one->changed_elsewhere()));
  must(one->commit());
}

TEST_CASE("the schema is made once, and found the next time") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    CHECK(value_of(*database, "schema_version") == std::to_string(kSchemaVersion));
    must(ensure_schema(*database, Access::read_write));
    must(ensure_schema(*place.open(Access::read_only), Access::read_only));
    CHECK(count_of(*database) == 1);
    lease(*database, "h", 5001);
    CHECK(database->run({"INSERT INTO taken (host, block, ports) VALUES ('h', 4, '')"}, {}).has_value());
  }
}

TEST_CASE("many processes that make the schema at once make it once") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    std::vector<Child> starters;
    for (int i = 0; i < 8; ++i) {
      starters.emplace_back([&place](const Child::Side& side) {
        static_cast<void>(side.hear());
        const auto own = open_database(place.location, Access::read_write);
        const auto made = own ? ensure_schema(**own, Access::read_write) : Result<>(own.error().error);
        if (!made) std::cerr << made.error().message << '\n';  // nobody else could say why
        return made ? 0 : 1;
      });
    }
    for (auto& starter : starters) starter.say('g');
    for (auto& starter : starters) CHECK(starter.exit_code() == 0);
    CHECK(count_of(*place.open()) == 1);
  }
}

TEST_CASE("a schema of version 1 is brought up to date, with the bitmaps of its leases") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    for (const std::int64_t port : {5001, 5002, 65535}) lease(*database, "one", port);
    lease(*database, "two", 80);
    must(database->run_script("DROP TABLE taken; UPDATE meta SET value = '1' WHERE key = 'schema_version'"));
    const auto refused = ensure_schema(*place.open(Access::read_only), Access::read_only);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == Errc::refused);
    must(ensure_schema(*place.open(), Access::read_write));
    PortSet one;
    int rows = 0;
    must(database->run({"SELECT host, block, ports FROM taken"}, {}, [&](const Row& row) {
      ++rows;
      if (row.text(0) == "one") CHECK(decode_block(row.text(2), static_cast<unsigned>(row.integer(1)), one));
    }));
    CHECK(rows == 3);
    CHECK(one.size() == 3);
    CHECK((one.contains(5001) && one.contains(5002) && one.contains(65535)));
    CHECK(value_of(*database, "schema_version") == "2");
  }
}

TEST_CASE("a newer schema is refused, naming both versions") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto database = place.open_with_schema();
    must(database->run_script("UPDATE meta SET value = '31' WHERE key = 'schema_version'"));
    for (const Access access : {Access::read_write, Access::read_only}) {
      const auto refused = ensure_schema(*place.open(access), access);
      REQUIRE(refused.has_error());
      CHECK(refused.error().code == Errc::refused);
      CHECK(refused.error().message.find("version 31") != std::string::npos);
      CHECK(refused.error().message.find("up to 2") != std::string::npos);
      CHECK_FALSE(refused.error().hint.empty());
    }
    CHECK(value_of(*database, "schema_version") == "31");
  }
}

TEST_CASE("a reader sees an empty registry where there is none, and writes nothing") {
  for (const auto backend : registry_backends()) {
    const EmptyDatabase place(backend);
    const auto reader = place.open(Access::read_only);
    must(ensure_schema(*reader, Access::read_only));
    CHECK(must(reader->run({"SELECT port FROM lease"}, {})) == 0);
    CHECK(reader->begin().error().code == Errc::refused);
    CHECK(std::filesystem::is_empty(place.folder.path()));
    const auto writer = place.open_with_schema();
    CHECK(count_of(*writer) == 1);
  }
}

TEST_CASE("a server that cannot be reached is one clear message without the password") {
  if (!os::SharedLibrary::load("libpq.so.5")) {
    WARN("there is no libpq");
    return;
  }
  const Network network;
  const auto silent = serve("127.0.0.1", 0);  // takes connections and says nothing
  const std::string hung = "127.0.0.1:" + std::to_string(local_port(silent));
  for (const std::string& server : {std::string("127.0.0.1:1"), hung, std::string("no-such-host.invalid")}) {
    const Location location = must(find_location("postgresql://ann:s3c%2Fret@" + server + "/ports", {}, {}));
    const auto opened = open_database(location, Access::read_write);
    INFO(server);
    REQUIRE(opened.has_error());
    CHECK_FALSE(opened.error().corrupt);
    const Error& error = opened.error().error;
    CHECK(error.message.find("cannot connect to the registry postgresql://ann:***@" + server) == 0);
    CHECK((error.message + error.hint).find("s3c") == std::string::npos);
    CHECK(error.message.find('\n') == std::string::npos);
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("a connection that the server ended is made again for the next transaction, never inside one") {
  if (!has_server()) return;
  const EmptyDatabase place(Location::Backend::postgresql);
  const auto database = place.open_with_schema();
  const auto other = place.open();
  constexpr Sql kPid{"SELECT pg_backend_pid()"};
  constexpr Sql kEnd{"SELECT pg_terminate_backend($1, 10000)"};  // waits until it is gone
  const auto end_connection = [&] {
    std::int64_t pid = 0;
    must(database->run(kPid, {}, [&pid](const Row& row) { pid = row.integer(0); }));
    must(other->run(kEnd, std::array<Value, 1>{pid}));
  };
  end_connection();
  must(database->begin());
  insert(*database, "a", "1");
  end_connection();
  CHECK(database->run(kInsert, std::array<Value, 2>{"b", "1"}).has_error());
  CHECK(database->run(kInsert, std::array<Value, 2>{"b", "1"}).has_error());
  CHECK(database->commit().has_error());
  database->roll_back();
  must(database->begin());
  CHECK(count_of(*database) == 1);
  insert(*database, "c", "1");
  must(database->commit());
  CHECK(count_of(*other) == 2);
}

TEST_CASE("a server that allows no changes is refused to writers and open to readers") {
  if (!has_server()) return;
  const EmptyDatabase place(Location::Backend::postgresql);
  CHECK(count_of(*place.open_with_schema()) == 1);
  Location location = place.location;
  location.target += "%20-cdefault_transaction_read_only%3Don";
  const auto refused = open_database(location, Access::read_write);
  REQUIRE(refused.has_error());
  CHECK(refused.error().error.message.find("can only be read") != std::string::npos);
  const auto reader = open_database(location, Access::read_only);
  REQUIRE(reader.has_value());
  CHECK(count_of(**reader) == 1);
  must(ensure_schema(**reader, Access::read_only));
}

TEST_CASE("tables that another session keeps locked are said, and the connection goes on") {
  if (!has_server()) return;
  const EmptyDatabase place(Location::Backend::postgresql);
  const auto database = place.open_with_schema();
  const auto other = place.open();
  must(other->run_script("BEGIN; LOCK TABLE meta IN ACCESS EXCLUSIVE MODE"));
  const auto read = database->run({"SELECT count(*) FROM meta"}, {});
  REQUIRE(read.has_error());
  CHECK(read.error().code == Errc::timeout);
  CHECK(read.error().message.find("another session keeps its tables locked") != std::string::npos);
  must(other->run_script("COMMIT"));
  CHECK(count_of(*database) == 1);
}

TEST_CASE("a transaction in which a statement failed does not count as committed") {
  if (!has_server()) return;
  const EmptyDatabase place(Location::Backend::postgresql);
  const auto database = place.open_with_schema();
  must(database->begin());
  insert(*database, "a", "1");
  CHECK(database->run({"SELECT 1/0"}, {}).has_error());
  CHECK(database->commit().has_error());
  CHECK(count_of(*database) == 1);
}
