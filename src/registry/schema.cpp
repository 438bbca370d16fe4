#include "registry/schema.hpp"

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "base/port_set.hpp"
#include "registry/taken_block.hpp"

namespace devinit::registry {
namespace {

// Only what SQLite and PostgreSQL both understand, and as both understand it.
constexpr const char kMeta[] = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)";

constexpr const char kVersion1[] = R"(
CREATE TABLE lease (
  host TEXT NOT NULL, port BIGINT NOT NULL,
  kind TEXT NOT NULL, owner TEXT NOT NULL, instance BIGINT NOT NULL, role TEXT NOT NULL,
  label TEXT NOT NULL, checkout TEXT NOT NULL, repository TEXT NOT NULL,
  pid BIGINT, pid_start BIGINT, boot TEXT,
  created BIGINT NOT NULL, last_used BIGINT NOT NULL, pool TEXT NOT NULL, pending BIGINT NOT NULL,
  PRIMARY KEY (host, port), UNIQUE (host, kind, owner, instance, role));
CREATE TABLE project_name (
  host TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL, app BIGINT NOT NULL,
  PRIMARY KEY (host, name), UNIQUE (host, model, app));
CREATE TABLE host_seen (host TEXT PRIMARY KEY, ephemeral BIGINT NOT NULL, last_seen BIGINT NOT NULL);
INSERT INTO meta (key, value) VALUES ('schema_version', '1');
)";

constexpr const char kVersion2[] = R"(
CREATE TABLE taken (host TEXT NOT NULL, block BIGINT NOT NULL, ports TEXT NOT NULL, PRIMARY KEY (host, block));
UPDATE meta SET value = '2' WHERE key = 'schema_version';
)";

constexpr Sql kReadVersion{"SELECT value FROM meta WHERE key = 'schema_version'"};

struct Migration {
  const char* script;
  Result<> (*finish)(Database&);  ///< what SQL alone cannot do; may be null
};
constexpr std::array<Migration, kSchemaVersion> kMigrations{{{kVersion1, nullptr}, {kVersion2, rebuild_taken}}};

/// 0: there is none yet. Errc::damaged for a text that is no version.
Result<int> read_version(Database& database) {
  std::optional<std::string> text;
  auto read = database.run(kReadVersion, {}, [&text](const Row& row) { text = row.text(0); });
  if (!read && read.error().code == Errc::not_found) return 0;
  TRY(std::move(read));
  if (!text) return 0;
  int version = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), version);
  if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || version < 1) {
    return Error(Errc::damaged, "the registry " + database.location().shown + " is damaged: its schema version is “" + *text + "”");
  }
  return version;
}

Error too_new(const Database& database, int version) {
  return Error(Errc::refused,
               "the registry " + database.location().shown + " has schema version " + std::to_string(version) +
                   "; this devinit knows up to " + std::to_string(kSchemaVersion),
               "update devinit, or name another registry with --registry");
}

Error too_old_to_read(const Database& database, int version) {
  return Error(Errc::refused,
               "the registry " + database.location().shown + " has schema version " + std::to_string(version) + ", and version " +
                   std::to_string(kSchemaVersion) + " is needed",
               "a command that may write it brings it up to date: devinit ports gc");
}

Result<> migrate(Database& database, int version) {
  for (; version < kSchemaVersion; ++version) {
    const Migration& migration = kMigrations[static_cast<std::size_t>(version)];
    TRY(database.run_script(migration.script));
    if (migration.finish != nullptr) TRY(migration.finish(database));
  }
  return {};
}

/// Readers of an empty database get empty tables of their own: temporary ones, which a connection may have that writes nothing.
Result<> pretend_empty(Database& database) {
  std::string script = std::string(kMeta) + ";" + kVersion1 + kVersion2;
  constexpr std::string_view kCreate = "CREATE TABLE";
  for (auto at = script.find(kCreate); at != std::string::npos; at = script.find(kCreate, at + 1)) {
    script.replace(at, kCreate.size(), "CREATE TEMPORARY TABLE");
  }
  return database.run_script(script.c_str());
}

}  // namespace

Result<> rebuild_taken(Database& database) {
  constexpr Sql kClear{"DELETE FROM taken"};
  constexpr Sql kRead{"SELECT host, port FROM lease"};
  constexpr Sql kWrite{"INSERT INTO taken (host, block, ports) VALUES ($1, $2, $3)"};
  std::map<std::string, PortSet, std::less<>> ports;
  TRY(database.run(kRead, {}, [&ports](const Row& row) {
    auto host = ports.find(row.text(0));
    if (host == ports.end()) host = ports.emplace(row.text(0), PortSet()).first;
    host->second.insert(static_cast<Port>(row.integer(1)));
  }));
  TRY(database.run(kClear, {}));
  const std::string nothing = encode_block(PortSet(), 0);
  for (const auto& [host, taken] : ports) {
    for (unsigned block = 0; block < kBlocks; ++block) {
      const std::string digits = encode_block(taken, block);
      if (digits == nothing) continue;
      TRY(database.run(kWrite, std::array<Value, 3>{std::string_view(host), std::int64_t{block}, std::string_view(digits)}));
    }
  }
  return {};
}

Result<> ensure_schema(Database& database, Access access) {
  TRY_ASSIGN(int version, read_version(database));
  if (version == kSchemaVersion) return {};
  if (version > kSchemaVersion) return too_new(database, version);
  if (access == Access::read_only) return version == 0 ? pretend_empty(database) : Result<>(too_old_to_read(database, version));
  TRY_ASSIGN(auto transaction, Transaction::begin(database));
  // Somebody may have been faster. The table first: in PostgreSQL a question about a missing one would end the transaction.
  TRY(database.run_script(kMeta));
  TRY_ASSIGN(version, read_version(database));
  if (version > kSchemaVersion) return too_new(database, version);
  TRY(migrate(database, version));
  return transaction.commit();
}

}  // namespace devinit::registry
