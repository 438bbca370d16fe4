// The floor of allocations: SQLite by its C interface, WAL and FULL, one transaction for each (backend, frontend) pair, and nothing else: no
// lock in front, no probe, no look at what exists. Prints the allocations per second of each thousand, then of all.
//
// usage: allocate_floor DATABASE COUNT [FIRST_APP [EXISTING]]     EXISTING pairs are there before the clock starts

#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS lease (host TEXT NOT NULL, port BIGINT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL,"
    " instance BIGINT NOT NULL, role TEXT NOT NULL, created BIGINT NOT NULL,"
    " PRIMARY KEY (host, port), UNIQUE (host, kind, owner, instance, role))";
constexpr const char* kInsert = "INSERT INTO lease VALUES ('host', ?1, 'app', 'model', ?2, ?3, 1)";

[[noreturn]] void fail(sqlite3* database, const char* what) {
  std::fprintf(stderr, "allocate_floor: %s: %s\n", what, sqlite3_errmsg(database));
  std::exit(1);
}

void run(sqlite3* database, const char* text) {
  if (sqlite3_exec(database, text, nullptr, nullptr, nullptr) != SQLITE_OK) fail(database, text);
}

void insert(sqlite3* database, sqlite3_stmt* statement, int port, int app, const char* role) {
  sqlite3_bind_int(statement, 1, port);
  sqlite3_bind_int(statement, 2, app);
  sqlite3_bind_text(statement, 3, role, -1, SQLITE_STATIC);
  if (sqlite3_step(statement) != SQLITE_DONE) fail(database, "insert");
  sqlite3_reset(statement);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int count = std::atoi(argv[2]);
  const int first = argc > 3 ? std::atoi(argv[3]) : 1;
  const int existing = argc > 4 ? std::atoi(argv[4]) : 0;
  sqlite3* database = nullptr;
  if (sqlite3_open(argv[1], &database) != SQLITE_OK) fail(database, "open");
  sqlite3_busy_timeout(database, 10'000);
  run(database, "PRAGMA journal_mode=WAL");
  run(database, "PRAGMA synchronous=FULL");
  run(database, kSchema);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, kInsert, -1, &statement, nullptr) != SQLITE_OK) fail(database, "prepare");
  const auto pair = [&](int app) {
    insert(database, statement, 2 * app + 5000, app, "backend");
    insert(database, statement, 2 * app + 5001, app, "frontend");
  };
  run(database, "BEGIN IMMEDIATE");
  for (int app = first; app < first + existing; ++app) pair(app);
  run(database, "COMMIT");

  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto mark = begin;
  for (int done = 0; done < count;) {
    run(database, "BEGIN IMMEDIATE");
    pair(first + existing + done);
    run(database, "COMMIT");
    if (++done % 1000 == 0) {
      const auto now = Clock::now();
      std::printf("%d %.0f\n", done, 1000 / std::chrono::duration<double>(now - mark).count());
      mark = now;
    }
  }
  std::printf("all %.0f\n", count / std::chrono::duration<double>(Clock::now() - begin).count());
  sqlite3_finalize(statement);
  return sqlite3_close(database) == SQLITE_OK ? 0 : 1;
}
