#include "registry/postgres_database.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "registry/libpq.hpp"

namespace devinit::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// To connect, and for each statement. Longer than what the server is told, so that usually the server says what was too slow.
constexpr milliseconds kPatience{3000};
/// What an answer may take and still counts as none of it: a distant server is no slow one.
constexpr milliseconds kPromptly{500};
/// After this long without a slow answer an old one is forgiven: commands that watch go on for hours.
constexpr seconds kForgiveness{10};
constexpr seconds kLockPatience{12};
constexpr seconds kRollBackPatience{2};

/// A process that vanishes with its machine must not keep the lock until TCP notices, which takes hours.
constexpr const char kSetUp[] =
    "SET statement_timeout = '2500ms'; SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '60s';"
    "SELECT current_setting('transaction_read_only'), current_setting('server_encoding')";

/// One lock for all writers instead of retries (40 clients: 1,159 transactions/s against 171). Every statement after it sees what the
/// previous holder committed, which only "read committed" promises. The first number is "devi".
constexpr const char kBegin[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';"
    "SELECT pg_advisory_xact_lock(1684371049, 1); SET LOCAL statement_timeout = '2500ms'; SET LOCAL lock_timeout = '2s'";
constexpr const char kHolder[] =
    "SELECT l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''), coalesce(a.state, '')"
    " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1684371049 AND l.objid = 1 AND l.objsubid = 2"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1";

constexpr const char kUseLocal[] = "check that the server runs and can be reached, or name a local registry: --registry PATH";

class PostgresRow final : public Row {
 public:
  PostgresRow(const PgAnswer& answer, int row) : answer_(answer), row_(row) {}
  [[nodiscard]] std::int64_t integer(int column) const override {
    const std::string_view digits = answer_.text(row_, column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  [[nodiscard]] std::string_view text(int column) const override { return answer_.text(row_, column); }
  [[nodiscard]] bool is_null(int column) const override { return answer_.is_null(row_, column); }

 private:
  const PgAnswer& answer_;
  int row_;
};

/// Parameters as libpq takes them: texts that end with a NUL.
class TextParameters {
 public:
  explicit TextParameters(std::span<const Value> values) {
    texts_.reserve(values.size());
    for (const Value& value : values) {
      const auto* const number = std::get_if<std::int64_t>(&value);
      const auto* const text = std::get_if<std::string_view>(&value);
      texts_.push_back(number != nullptr ? std::to_string(*number) : text != nullptr ? std::string(*text) : std::string());
      pointers_.push_back(std::holds_alternative<std::monostate>(value) ? nullptr : texts_.back().c_str());
    }
  }
  TextParameters(const TextParameters&) = delete;
  TextParameters& operator=(const TextParameters&) = delete;
  [[nodiscard]] std::span<const char* const> pointers() const { return pointers_; }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
};

/// What happened, in the user's words. States: https://www.postgresql.org/docs/current/errcodes-appendix.html
Error error_of(const PgFailure& failure, const Location& location) {
  const std::string registry = "the registry " + location.shown;
  const std::string_view state = failure.sqlstate;
  if (failure.late || state == "57014") return Error(Errc::timeout, registry + " did not answer in time", kUseLocal);
  if (state.starts_with("57P")) return Error(Errc::io, registry + " was shut down: " + failure.message, kUseLocal);
  if (failure.lost) return Error(Errc::io, "the connection to " + registry + " was lost: " + failure.message, kUseLocal);
  if (state == "25006") {
    return Error(Errc::io, registry + " can only be read: " + failure.message,
                 "name the primary server, not a standby, and a user who may write");
  }
  if (state == "55P03") {
    return Error(Errc::timeout, registry + " did not answer in time: another session keeps its tables locked",
                 "find that session on the server with: SELECT * FROM pg_locks WHERE granted");
  }
  if (state == "42P01") return Error(Errc::not_found, registry + ": " + failure.message);
  if (state == "42501") return Error(Errc::io, registry + ": " + failure.message,
                                        "the user of the URL needs rights to create and write tables");
  if (state == "53100") return Error(Errc::io, registry + " cannot grow: the disk of the server is full", "free some space on the server");
  return Error(Errc::io, registry + ": " + failure.message + (state.empty() ? "" : " (" + failure.sqlstate + ")"));
}

/// libpq gives no codes for these, only words of the server, in its language.
std::string connect_hint(std::string_view words) {
  if (words.find("SSL") != words.npos || words.find("certificate") != words.npos) {
    return "choose another sslmode in the URL, or make the certificate known with sslrootcert=FILE";
  }
  if (words.find("password") != words.npos || words.find("authentication") != words.npos || words.find("pg_hba") != words.npos) {
    return "check user and password: in the URL, in PGPASSWORD or in ~/.pgpass";
  }
  return kUseLocal;
}

Error connect_error(const Error& error, const Location& location) {
  if (error.code == Errc::usage || !error.hint.empty()) return error;  // says all there is to say
  const bool timed_out = error.code == Errc::timeout;
  return Error(timed_out ? Errc::timeout : Errc::io,
               "cannot connect to the registry " + location.shown +
                   (timed_out ? " within " + std::to_string(kPatience.count() / 1000) + " s: " : ": ") + error.message,
               connect_hint(error.message));
}

/// How long a server may keep us waiting in all, from connecting to the end of a change: who has to say "it does not answer" says it within 3 s,
/// whichever statement is the slow one. Prompt answers cost nothing of it, however many.
class Patience {
 public:
  void renew() noexcept { left_ = kPatience; }
  /// What `ask(deadline)` answers; the time it takes is charged.
  template <class Ask>
  auto spend(Ask ask) {
    const auto begun = std::chrono::steady_clock::now();
    if (begun - slow_at_ > kForgiveness) renew();
    auto answer = ask(os::Deadline(left_));
    const auto ended = std::chrono::steady_clock::now();
    const auto took = std::chrono::duration_cast<milliseconds>(ended - begun);
    if (took <= kPromptly) return answer;
    left_ = std::max(left_ - took, kPromptly);
    slow_at_ = ended;
    return answer;
  }

 private:
  milliseconds left_ = kPatience;
  std::chrono::steady_clock::time_point slow_at_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(Location location, Access access) : location_(std::move(location)), access_(access) {}
  ~PostgresDatabase() override { roll_back(); }
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  Result<> connect() {
    patience_.renew();
    auto connection = patience_.spend([&](const os::Deadline& deadline) { return PgConnection::connect(location_, deadline); });
    if (!connection) return connect_error(connection.error(), location_);
    const auto set_up = patience_.spend([&](const os::Deadline& deadline) { return connection->run_script(kSetUp, deadline); });
    if (!set_up) return error_of(set_up.error(), location_);
    if (const auto encoding = set_up->text(0, 1); encoding != "UTF8") {
      return Error(Errc::refused,
                   "the registry " + location_.shown + " is a database with the encoding " + std::string(encoding) + ", which cannot hold all names",
                   "create one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
    }
    if (access_ == Access::read_write && set_up->text(0, 0) == "on") {
      return error_of({.sqlstate = "25006", .message = "it allows no changes", .lost = false, .late = false}, location_);
    }
    connection_.emplace(std::move(*connection));
    return {};
  }

  Result<std::int64_t> run(Sql sql, std::span<const Value> parameters, const RowSink& sink) override {
    TRY_ASSIGN(const PgAnswer answer, once_more_if_lost([&] { return ask(sql, parameters); }));
    const int rows = answer.rows();
    for (int row = 0; sink && row < rows; ++row) sink(PostgresRow(answer, row));
    return answer.affected();
  }

  Result<> run_script(const char* script) override {
    TRY(be_connected());
    TRY(accept(patience_.spend([&](const os::Deadline& deadline) { return connection_->run_script(script, deadline); })));
    return {};
  }

  Result<> begin() override {
    ASSERT(!in_transaction_);
    if (access_ == Access::read_only) return Error(Errc::refused, "the registry " + location_.shown + " was opened to be read only");
    return once_more_if_lost([this] { return try_begin(); });
  }

  Result<> commit() override {
    ASSERT(in_transaction_);
    TRY(be_connected());
    // The change as a whole was in time; whether it is written is worth waiting for.
    const auto answer = accept(connection_->run_script("COMMIT", os::Deadline(kPatience)));
    patience_.renew();
    if (!answer) {
      roll_back();
      return answer.error();
    }
    in_transaction_ = false;
    // A transaction in which a statement failed is rolled back by its COMMIT, and that is no error for the server.
    if (answer->command() != "COMMIT") {
      return Error(Errc::io, "the registry " + location_.shown + " took nothing of a change that had failed in part");
    }
    return {};
  }

  void roll_back() noexcept override {
    if (!in_transaction_) return;
    if (connection_) static_cast<void>(accept(connection_->run_script("ROLLBACK", os::Deadline(kRollBackPatience))));
    in_transaction_ = false;
  }

  /// The server does not tell; under the lock nobody else writes.
  Result<bool> changed_elsewhere() override { return !in_transaction_ || std::exchange(first_look_, false); }

  const Location& location() const noexcept override { return location_; }

 private:
  Result<> be_connected() {
    if (connection_) return {};
    if (in_transaction_) return Error(Errc::io, "the connection to the registry " + location_.shown + " was lost", kUseLocal);
    return connect();
  }

  /// `work` again, by a new connection, when the one it had turns out to be lost: the server was restarted since we last asked. Outside
  /// a transaction there are only questions, so that nothing is done twice.
  template <class Work>
  auto once_more_if_lost(Work work) -> decltype(work()) {
    const bool may_be_stale = connection_.has_value() && !in_transaction_;
    auto outcome = work();
    if (!outcome && may_be_stale && !connection_ && outcome.error().code != Errc::timeout) return work();
    return outcome;
  }

  Result<PgAnswer> ask(Sql sql, std::span<const Value> parameters) {
    TRY(be_connected());
    TRY_ASSIGN(const std::string name, prepared(sql));
    const TextParameters texts(parameters);
    return accept(patience_.spend([&](const os::Deadline& deadline) { return connection_->run(name, texts.pointers(), deadline); }));
  }

  /// The answer or its error; a connection that is lost is forgotten with all that it knew.
  Result<PgAnswer> accept(PgResult result) {
    if (result) return std::move(*result);
    if (result.error().lost) {
      connection_.reset();
      prepared_.clear();
    }
    return error_of(result.error(), location_);
  }

  Result<std::string> prepared(Sql sql) {
    if (const auto found = prepared_.find(sql.text); found != prepared_.end()) return found->second;
    const std::string name = "devinit" + std::to_string(prepared_.size());
    TRY(accept(patience_.spend([&](const os::Deadline& deadline) { return connection_->prepare(name, sql.text, deadline); })));
    prepared_.emplace(sql.text, name);
    return name;
  }

  Result<> try_begin() {
    TRY(be_connected());
    auto begun = connection_->run_script(kBegin, os::Deadline(kLockPatience));
    if (begun) {
      in_transaction_ = true;
      first_look_ = true;
      return {};
    }
    const bool locked = begun.error().sqlstate == "55P03";
    const bool lost = begun.error().lost;
    Result<> failed = accept(std::move(begun)).error();
    if (!lost) TRY(accept(connection_->run_script("ROLLBACK", os::Deadline(kRollBackPatience))));
    return locked ? Result<>(locked_too_long()) : failed;
  }

  /// Names who has the lock, as far as the server tells us.
  Error locked_too_long() {
    const std::string what = "the registry " + location_.shown + " stayed locked for 10 s by ";
    const auto answer = accept(connection_->run_script(kHolder, os::Deadline(kRollBackPatience)));
    if (!answer || answer->rows() == 0) return Error(Errc::timeout, what + "another client", "run the command again");
    const std::string pid(answer->text(0, 0));
    const std::string application(answer->text(0, 1));
    const std::string address(answer->text(0, 2));
    const std::string state(answer->text(0, 3));
    return Error(Errc::timeout,
                 what + (application.empty() ? "another client" : application) + (address.empty() ? "" : " on " + address) +
                     " (server process " + pid + (state.empty() ? "" : ", " + state) + ")",
                 "find out why it hangs, or end it on the server with: SELECT pg_terminate_backend(" + pid + ")");
  }

  Location location_;
  Access access_;
  Patience patience_;
  std::optional<PgConnection> connection_;
  std::unordered_map<const char*, std::string> prepared_;
  bool in_transaction_ = false;
  bool first_look_ = true;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const Location& location, Access access) {
  auto database = std::make_unique<PostgresDatabase>(location, access);
  TRY(database->connect());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace devinit::registry
